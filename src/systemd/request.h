/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - what the runtime asks of the program that speaks to systemd, and what that answers.
 *
 * The runtime is static and knows no D-Bus; the program (main.c) is linked with libsystemd, does
 * one thing for one unit, and ends. A request is its standard input, an answer its standard output;
 * both are fields, each ended by a NUL:
 *
 *	start  BUS UNIT N PROPERTY...	a transient scope, until it is there
 *	set    BUS UNIT N PROPERTY...	properties of a unit that is there, all or none
 *	attach BUS UNIT BELOW PID	a process into the unit's cgroup, or into the one BELOW
 *	stop   BUS UNIT			until it has stopped; one that is not there is no error
 *
 *	ok
 *	error ERRNO TEXT		a sentence
 *
 * BUS is "system" or "user". A PROPERTY is its name, its D-Bus signature, and values as the
 * signature tells: a basic type is one field, numbers in decimal, a boolean 0 or 1; an array is the
 * number of its elements, then those; a struct is its members. A '?' before the name: a systemd
 * that does not know the property may go without it.
 */
#pragma once

#include <stddef.h>

#define REQUEST_MAX ((size_t)1 << 20) /* bytes */
#define REQUEST_ANSWER_MAX ((size_t)8 << 10)
#define REQUEST_NESTED_MAX 8 /* containers in a signature */

/* How long the program waits for systemd: for an answer, and for the job that it begins. */
#define REQUEST_CALL_MS 25000
#define REQUEST_JOB_MS 30000
/* And the runtime for the program: both, and a second try of a start. */
#define REQUEST_MS 120000
