/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a compiler may call in any program, for a structure that is copied or
 * cleared.  The library needs neither.
 */
#include "kernel.h"

void *memcpy(void *restrict to, const void *restrict from, __SIZE_TYPE__ len);
void *memset(void *to, int byte, __SIZE_TYPE__ len);

/* Volatile, lest the loop become a call of memcpy(). */
void *
memcpy(void *restrict to, const void *restrict from, __SIZE_TYPE__ len)
{
	volatile unsigned char *out = to;
	const unsigned char *in = from;

	while (len-- > 0) {
		*out++ = *in++;
	}
	return (to);
}

void *
memset(void *to, int byte, __SIZE_TYPE__ len)
{
	volatile unsigned char *out = to;

	while (len-- > 0) {
		*out++ = (unsigned char)byte;
	}
	return (to);
}
