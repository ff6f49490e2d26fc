/* builder/media_type.c - a row a type; the first row of a kind is its name. */
#include "builder/media_type.h"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

static const struct {
	const char *name;
	enum media_kind kind;
	bool docker;
} rows[] = {
	{OCI "index.v1+json", MEDIA_INDEX, false},
	{OCI "manifest.v1+json", MEDIA_MANIFEST, false},
	{OCI "config.v1+json", MEDIA_CONFIG, false},
	{OCI "layer.v1.tar", MEDIA_LAYER, false},
	{OCI "layer.v1.tar+gzip", MEDIA_LAYER_GZIP, false},
	{OCI "layer.v1.tar+zstd", MEDIA_LAYER_ZSTD, false},
	{OCI "layer.nondistributable.v1.tar+gzip", MEDIA_LAYER_FOREIGN, false},
	{OCI "layer.nondistributable.v1.tar", MEDIA_LAYER_FOREIGN, false},
	{OCI "layer.nondistributable.v1.tar+zstd", MEDIA_LAYER_FOREIGN, false},
	{DOCKER "distribution.manifest.list.v2+json", MEDIA_INDEX, true},
	{DOCKER "distribution.manifest.v2+json", MEDIA_MANIFEST, true},
	{DOCKER "container.image.v1+json", MEDIA_CONFIG, true},
	{DOCKER "image.rootfs.diff.tar", MEDIA_LAYER, true},
	{DOCKER "image.rootfs.diff.tar.gzip", MEDIA_LAYER_GZIP, true},
	{DOCKER "image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER_FOREIGN, true},
	{DOCKER "image.rootfs.foreign.diff.tar", MEDIA_LAYER_FOREIGN, true},
};

/* In no standard, but written by builders that put zstd under Docker's types. */
static const char docker_zstd[] = DOCKER "image.rootfs.diff.tar.zstd";

enum media_kind media_type_kind(struct str type, bool *out_docker)
{
	bool unused;
	bool *docker = out_docker ? out_docker : &unused;
	type = str_trim(str_to(type, str_find(type, ';')));
	*docker = false;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_is(type, rows[i].name)) {
			*docker = rows[i].docker;
			return rows[i].kind;
		}
	*docker = str_is(type, docker_zstd);
	return *docker ? MEDIA_LAYER_ZSTD : MEDIA_OTHER;
}

const char *media_type_name(enum media_kind kind, bool docker)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].kind == kind && rows[i].docker == docker)
			return rows[i].name;
	return NULL;
}
