/* builder/media_type.h - the media types of images, OCI's and Docker's. */
#ifndef KILN_MEDIA_TYPE_H
#define KILN_MEDIA_TYPE_H
#include "specs/base/buf.h"

enum media_kind {
	MEDIA_OTHER,
	MEDIA_INDEX,
	MEDIA_MANIFEST,
	MEDIA_CONFIG,
	MEDIA_LAYER, /* tar */
	MEDIA_LAYER_GZIP,
	MEDIA_LAYER_ZSTD,
	MEDIA_LAYER_FOREIGN, /* not to be pushed */
};

/* Parameters ("; charset=utf-8") do not count. *out_docker may be NULL. */
enum media_kind media_type_kind(struct str type, bool *out_docker);
/* The type's name in a family; Docker has none for zstd: NULL. */
const char *media_type_name(enum media_kind kind, bool docker);
static inline bool media_kind_is_layer(enum media_kind k)
{
	return k >= MEDIA_LAYER;
}
#endif
