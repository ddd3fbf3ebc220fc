/* SPDX-License-Identifier: Apache-2.0 */
/* musl's open() sets close-on-exec twice: for Linux before 2.6.23, by fcntl(2). */
#include_next <fcntl.h>

#define open(path, ...) openat(AT_FDCWD, path, __VA_ARGS__)
