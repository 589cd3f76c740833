/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of an error code.
 *
 * The numbers have gaps, so the table is searched: an entry is a number, the
 * distance to the next entry, and the text.  It has no pointers, each of which
 * would be a relocation.
 */
#include <qpmap/qpmap.h>

/* All members are bytes, so there is no padding. */
static const struct {
#define QPMAP_ERROR(name, number, text)					\
	struct {							\
		unsigned char code, distance;				\
		char string[sizeof(text)];				\
	} of_##name;
#include <qpmap/errors.def>
	unsigned char code, distance;
	char string[sizeof("unknown error")];
} qpmap_errors = {
#define QPMAP_ERROR(name, number, text) { (number), 2 + sizeof(text), text },
#include <qpmap/errors.def>
	0, 0, "unknown error",
};

QPMAP_CALL const char *
qpmap_strerror(int error)
{
	const unsigned char *entry = (const unsigned char *)&qpmap_errors;

	while (entry[0] != error && entry[1] != 0) {
		entry += entry[1];
	}
	return ((const char *)&entry[2]);
}
