/* builder/wheel.h - wheels (binary distribution format 1.0): what one says of itself, where its
 * files go, and the files that installing makes.
 *
 * A wheel becomes a package_info like a conda package's: paths with places in the notation of
 * noarch python packages, entry points, digests from its RECORD. Modes are 0644, or 0755 where
 * any x bit is set; a link is a file that holds its text; absolute names and names that lead out
 * are refused. */
#ifndef KILN_WHEEL_H
#define KILN_WHEEL_H
#include "builder/condameta.h"
#include "builder/paths.h"

/* Every file of a wheel has this time: that of the zip is local time, to two seconds. */
#define WHEEL_MTIME 315532800 /* 1980-01-01, the first that a zip can hold */

/* ERR_CORRUPT names archive and file. info->wheel tells of what is the wheel's alone. */
int wheel_info_read(const char *archive, struct package_info *out, struct err **e);

/* pip's own commands are called after the Python they are for, whatever its wheel says: `pip`,
 * `pip3`, `pip3.11`. Other wheels stay as they are. */
void wheel_name_commands(struct package_info *info, const struct noarch_python *python);
/* Where a file of the wheel goes in the prefix: `to` of its row. */
struct str wheel_place(struct arena *a, const struct noarch_python *python, struct str to);
/* Whether the file begins with the line that stands for the environment's python. */
bool wheel_is_script(struct str text);
/* The script with that line replaced. */
void wheel_write_script(struct str text, const char *prefix, struct buf *out);
/* bin/COMMAND (mode 0755). */
void wheel_write_entry_point(const struct entry_point *p, const char *prefix, struct buf *out);
/* Whether DIST-INFO/direct_url.json is due (PEP 610): for what came from an address of its own. For
 * files of a building machine there is none, as an image must not name its folders. */
bool wheel_has_direct_url(const struct record *r);
/* sha256: of the wheel's archive; of one that was built, what counts is its source's. */
void wheel_write_direct_url(const struct record *r, const struct digest *sha256, struct buf *out);
/* DIST-INFO/RECORD: a row a file, relative to site_packages; paths are the prefix's. Rows stand
 * sorted; bytecode has none. */
void wheel_write_record(const struct condameta_path *paths, size_t count, struct str site_packages,
			struct str record, struct buf *out);
#endif
