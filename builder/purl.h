/* builder/purl.h - package URLs (purl-spec): what a package is called everywhere. */
#ifndef KILN_PURL_H
#define KILN_PURL_H
#include "specs/record.h"
#include "specs/reference.h"

/* pkg:conda/NAME@VERSION?build=B&channel=C&subdir=S&type=T, or pkg:pypi/NAME@VERSION. A channel
 * that is a folder of this machine is left out. */
void purl_write(const struct record *r, struct buf *out);
/* pkg:oci/NAME@sha256:HEX?repository_url=HOST/PATH of an image in a registry. */
void purl_write_image(const struct reference *r, const struct digest *digest, struct buf *out);
#endif
