/* specs/known_base.c - the table of base images: by name what each holds. */
#include "specs/known_base.h"
#include <fnmatch.h>

/* A row says something of all images whose names fit; of several rows the first that says a thing
 * counts. A repository without a pattern is listed. */
struct row {
	const char *repositories; /* "HOST/REPOSITORY" globs, blank-separated */
	const char *tags;	  /* globs, blank-separated; NULL: the repository says it all */
	struct known_base holds;
};

#define UBUNTU_BASED(version) "*-ubuntu" version " *-ubuntu" version "-*"
#define CUDA "docker.io/nvidia/cuda nvcr.io/nvidia/cuda"
#define AZUREML "mcr.microsoft.com/azureml/"
#define ACPT "mcr.microsoft.com/aifx/acpt/"
#define HAS(...)                                                                                   \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define RETIRED(repository, ...)                                                                   \
	{                                                                                          \
		AZUREML repository, NULL, HAS(.retired = true, ##__VA_ARGS__)                      \
	}

#define RELEASE(repositories, tags, os_name, libc)                                                 \
	{                                                                                          \
		repositories, tags, HAS(.os = os_name, .glibc = libc)                              \
	}

static const struct row rows[] = {
	/* AzureML's, supported: tags are YYYYMMDD.vN and latest. Those that have a name are of
	 * azureml-core 1.61's list (azureml_base_images.json). */
	{AZUREML "openmpi4.1.0-ubuntu22.04", NULL,
	 HAS(.image = AZUREML "openmpi4.1.0-ubuntu22.04:20251130.v1", .name = "cpu",
	     .conda = "Miniconda py310")},
	{AZUREML "openmpi5.0-ubuntu24.04", NULL, {0}},
	{AZUREML "openmpi5.0-cuda12.4-ubuntu22.04", NULL,
	 HAS(.image = AZUREML "openmpi5.0-cuda12.4-ubuntu22.04:20251130.v1", .name = "gpu",
	     .cuda = "12.4.1")},
	{AZUREML "openmpi5.0-cuda12.5-ubuntu22.04", NULL, HAS(.cuda = "12.5.1")},
	{AZUREML "openmpi5.0-cuda12.6-ubuntu24.04", NULL, HAS(.cuda = "12.6.3")},
	{AZUREML "openmpi5.0-cuda12.8-ubuntu24.04", NULL, HAS(.cuda = "12.8.1")},
	{AZUREML "openmpi5.0-cuda13.1-ubuntu24.04", NULL, HAS(.cuda = "13.1.1")},
	{ACPT "stable-ubuntu2204-cu126-py310-torch280", NULL,
	 HAS(.cuda = "12.6", .conda = "env ptca, py310")},
	{AZUREML "inference-base-2004", NULL, HAS(.conda = "Miniconda")},
	{AZUREML "inference-base-2204", NULL, HAS(.conda = "Miniconda")},
	{AZUREML "inference-base-gpu-2004", NULL, HAS(.conda = "Miniconda")},
	{AZUREML "inference-base-cuda12.4-ubuntu22.04", NULL,
	 HAS(.cuda = "12.4", .conda = "Miniconda")},
	/* AzureML's of before. */
	RETIRED("openmpi4.1.0-ubuntu20.04"),
	RETIRED("openmpi4.1.0-cuda11.0.3-cudnn8-ubuntu18.04", .cuda = "11.0.3"),
	RETIRED("openmpi4.1.0-cuda11.1-cudnn8-ubuntu18.04", .cuda = "11.1.1"),
	RETIRED("openmpi4.1.0-cuda11.1-cudnn8-ubuntu20.04", .cuda = "11.1.1"),
	RETIRED("openmpi4.1.0-cuda11.2-cudnn8-ubuntu20.04", .cuda = "11.2.2"),
	RETIRED("openmpi4.1.0-cuda11.3-cudnn8-ubuntu20.04", .cuda = "11.3.1"),
	RETIRED("openmpi4.1.0-cuda11.6-cudnn8-ubuntu20.04", .cuda = "11.6.2"),
	RETIRED("openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04", .cuda = "11.8.0",
		.conda = "Miniconda py38"),
	RETIRED("openmpi3.1.2-ubuntu16.04"),
	RETIRED("openmpi3.1.2-ubuntu18.04"),
	RETIRED("openmpi3.1.2-cuda9.0-cudnn7-*", .cuda = "9.0"),
	RETIRED("openmpi3.1.2-cuda10.0-*", .cuda = "10.0"),
	RETIRED("openmpi3.1.2-cuda10.1-*", .cuda = "10.1"),
	RETIRED("openmpi3.1.2-cuda10.2-*", .cuda = "10.2"),
	RETIRED("intelmpi2018.3-ubuntu16.04"),
	RETIRED("intelmpi2018.3-cuda9.0-*", .cuda = "9.0"),
	RETIRED("intelmpi2018.3-cuda10.0-*", .cuda = "10.0"),
	RETIRED("base"),
	RETIRED("base-gpu"),
	RETIRED("base-lite"),
	{AZUREML "*-cudnn8-*", NULL, HAS(.cudnn = "8")},
	{AZUREML "*-cudnn7-*", NULL, HAS(.cudnn = "7")},
	{AZUREML "openmpi5.0-cuda*", NULL, HAS(.cudnn = "yes")},
	{AZUREML "openmpi5.0-*", NULL, HAS(.mpi = "OpenMPI 5.0.6", .conda = "Miniconda py310")},
	{AZUREML "openmpi4.1.0-*", NULL, HAS(.mpi = "OpenMPI 4.1.0")},
	{AZUREML "openmpi3.1.2-*", NULL, HAS(.mpi = "OpenMPI 3.1.2")},
	{AZUREML "intelmpi2018.3-*", NULL, HAS(.mpi = "Intel MPI 2018.3")},
	/* Releases of distributions. */
	{AZUREML "*-ubuntu16.04", NULL,
	 HAS(.os = "Ubuntu 16.04", .glibc = "2.23", .conda = "Miniconda py37")},
	{AZUREML "*-ubuntu18.04", NULL,
	 HAS(.os = "Ubuntu 18.04", .glibc = "2.27", .conda = "Miniconda py38")},
	{AZUREML "*-ubuntu20.04", NULL,
	 HAS(.os = "Ubuntu 20.04", .glibc = "2.31", .conda = "Miniconda py38")},
	{AZUREML "inference-base-2004 " AZUREML "inference-base-gpu-2004 " ACPT
		 "stable-ubuntu2004-* " AZUREML "aifx/stable-ubuntu2004-*",
	 NULL, HAS(.os = "Ubuntu 20.04", .glibc = "2.31")},
	{AZUREML "*-ubuntu22.04 " AZUREML "inference-base-2204 " ACPT "stable-ubuntu2204-*", NULL,
	 HAS(.os = "Ubuntu 22.04", .glibc = "2.35")},
	{AZUREML "*-ubuntu24.04", NULL, HAS(.os = "Ubuntu 24.04", .glibc = "2.39")},
	RELEASE("docker.io/library/debian", "11 11.* 11-* bullseye bullseye-*", "Debian 11",
		"2.31"),
	RELEASE("docker.io/library/debian", "12 12.* 12-* bookworm bookworm-*", "Debian 12",
		"2.36"),
	RELEASE("docker.io/library/debian", "13 13.* 13-* trixie trixie-*", "Debian 13", "2.41"),
	RELEASE("docker.io/library/ubuntu", "20.04 focal focal-*", "Ubuntu 20.04", "2.31"),
	RELEASE("docker.io/library/ubuntu", "22.04 jammy jammy-*", "Ubuntu 22.04", "2.35"),
	RELEASE("docker.io/library/ubuntu", "24.04 noble noble-*", "Ubuntu 24.04", "2.39"),
	RELEASE(CUDA, UBUNTU_BASED("20.04"), "Ubuntu 20.04", "2.31"),
	RELEASE(CUDA, UBUNTU_BASED("22.04"), "Ubuntu 22.04", "2.35"),
	RELEASE(CUDA, UBUNTU_BASED("24.04"), "Ubuntu 24.04", "2.39"),
	RELEASE(CUDA, "*-ubi8", "UBI 8", "2.28"),
	RELEASE(CUDA, "*-ubi9", "UBI 9", "2.34"),
	{"registry.access.redhat.com/ubi8 registry.access.redhat.com/ubi8/*", NULL,
	 HAS(.os = "UBI 8", .glibc = "2.28")},
	{"registry.access.redhat.com/ubi9 registry.access.redhat.com/ubi9/*", NULL,
	 HAS(.os = "UBI 9", .glibc = "2.34")},
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

static void fill(const struct known_base *from, struct known_base *to)
{
	const struct {
		const char *from, **to;
	} texts[] = {{from->image, &to->image}, {from->name, &to->name},  {from->os, &to->os},
		     {from->glibc, &to->glibc}, {from->cuda, &to->cuda},  {from->cudnn, &to->cudnn},
		     {from->mpi, &to->mpi},	{from->conda, &to->conda}};
	for (size_t i = 0; i < COUNT(texts); i++)
		if (!*texts[i].to)
			*texts[i].to = texts[i].from;
	to->retired |= from->retired;
}

static bool find(const char *name, const char *tag, struct known_base *out)
{
	bool found = false;
	*out = (struct known_base){0};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (any_fits(rows[i].repositories, name) &&
		    (!rows[i].tags || any_fits(rows[i].tags, tag))) {
			fill(&rows[i].holds, out);
			found = true;
		}
	return found;
}

bool known_base_find(const struct reference *r, struct known_base *out)
{
	AUTO(buf_done) struct buf name = BUF(64 << 10);
	AUTO(buf_done) struct buf tag = BUF(64 << 10);
	*out = (struct known_base){0};
	if (r->kind != REFERENCE_REGISTRY)
		return false;
	buf_printf(&name, "%.*s/%.*s", STR_ARG(r->host), STR_ARG(r->repository));
	if (!r->has_digest)
		buf_add_str(&tag, r->tag);
	return find(name.data, tag.data, out);
}

struct str known_base_glibc(const struct reference *r)
{
	struct known_base base;
	known_base_find(r, &base);
	return str_of(base.glibc);
}

const char *known_base_named(const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].holds.name && strcmp(rows[i].holds.name, name) == 0)
			return rows[i].holds.image;
	return NULL;
}

bool known_base_at(size_t i, struct known_base *out)
{
	for (size_t k = 0; k < COUNT(rows); k++) {
		const struct row *row = &rows[k];
		if (row->tags || strpbrk(row->repositories, "* ") || i-- > 0)
			continue;
		find(row->repositories, "", out);
		out->image = out->image ? out->image : row->repositories;
		return true;
	}
	return false;
}
