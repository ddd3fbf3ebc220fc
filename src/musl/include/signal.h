/* SPDX-License-Identifier: Apache-2.0 */
/*
 * musl keeps signal 34 to itself as well, which programs built with glibc call SIGRTMIN: here it is
 * forwarded like any other.
 */
#include_next <signal.h>

#ifndef HASU_MUSL_SIGNAL_H
#define HASU_MUSL_SIGNAL_H
int musl_sigfillset(sigset_t *set);

#define sigfillset(set) musl_sigfillset(set)
#endif
