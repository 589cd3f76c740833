/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The release that these headers belong to.  docs/releasing.md says which part
 * changes when.
 */
#ifndef QPMAP_VERSION_H
#define QPMAP_VERSION_H

#define QPMAP_VERSION_MAJOR	0
#define QPMAP_VERSION_MINOR	2
#define QPMAP_VERSION_PATCH	0

#endif /* QPMAP_VERSION_H */
