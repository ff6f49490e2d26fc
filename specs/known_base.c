/* specs/known_base.c - names of base images and the glibc of their distribution's release. */
#include "specs/known_base.h"
#include <fnmatch.h>

/* One release under the names that its images have: "22.04" and "jammy" of ubuntu. */
struct release {
	const char *glibc;
	const char *repositories; /* "HOST/REPOSITORY" globs, blank-separated */
	const char *tags;	  /* globs, blank-separated; NULL: the repository says it all */
};

#define UBUNTU_BASED(version) "*-ubuntu" version " *-ubuntu" version "-*"
#define CUDA "docker.io/nvidia/cuda nvcr.io/nvidia/cuda"
#define AZUREML "mcr.microsoft.com/azureml/"
#define ACPT "mcr.microsoft.com/aifx/acpt/"

static const struct release releases[] = {
	{"2.31", "docker.io/library/debian", "11 11.* 11-* bullseye bullseye-*"},
	{"2.36", "docker.io/library/debian", "12 12.* 12-* bookworm bookworm-*"},
	{"2.41", "docker.io/library/debian", "13 13.* 13-* trixie trixie-*"},
	{"2.31", "docker.io/library/ubuntu", "20.04 focal focal-*"},
	{"2.35", "docker.io/library/ubuntu", "22.04 jammy jammy-*"},
	{"2.39", "docker.io/library/ubuntu", "24.04 noble noble-*"},
	{"2.31", CUDA, UBUNTU_BASED("20.04")},
	{"2.35", CUDA, UBUNTU_BASED("22.04")},
	{"2.39", CUDA, UBUNTU_BASED("24.04")},
	{"2.28", CUDA, "*-ubi8"},
	{"2.34", CUDA, "*-ubi9"},
	{"2.28", "registry.access.redhat.com/ubi8 registry.access.redhat.com/ubi8/*", NULL},
	{"2.34", "registry.access.redhat.com/ubi9 registry.access.redhat.com/ubi9/*", NULL},
	{"2.31", AZUREML "*-ubuntu20.04 " AZUREML "inference-base-2004", NULL},
	{"2.31", ACPT "stable-ubuntu2004-*", NULL},
	{"2.35", AZUREML "*-ubuntu22.04 " AZUREML "inference-base-2204", NULL},
	{"2.35", ACPT "stable-ubuntu2204-*", NULL},
	{"2.39", AZUREML "*-ubuntu24.04", NULL},
};

static bool any_fits(const char *globs, const char *text)
{
	struct str rest = str_of(globs), one;
	while (rest.n) {
		AUTO(buf_done) struct buf glob = BUF(1024);
		str_cut(&rest, ' ', &one);
		buf_add_str(&glob, one);
		if (fnmatch(glob.data, text, FNM_PATHNAME) == 0)
			return true;
	}
	return false;
}

struct str known_base_glibc(const struct reference *r)
{
	AUTO(buf_done) struct buf name = BUF(64 << 10);
	AUTO(buf_done) struct buf tag = BUF(64 << 10);
	if (r->kind != REFERENCE_REGISTRY)
		return (struct str){0};
	buf_printf(&name, "%.*s/%.*s", STR_ARG(r->host), STR_ARG(r->repository));
	if (!r->has_digest)
		buf_add_str(&tag, r->tag);
	for (size_t i = 0; i < COUNT(releases); i++)
		if (any_fits(releases[i].repositories, name.data) &&
		    (!releases[i].tags || any_fits(releases[i].tags, tag.data)))
			return str_of(releases[i].glibc);
	return (struct str){0};
}
