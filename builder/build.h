/* builder/build.h - the whole way: definition, key, lock, packages, layers, image, registry.
 *
 * A struct build is one run's settings and connections, for one platform. With several platforms
 * the first stands for all of them where that is said, and the others follow it (build_next).
 * Each step can be called alone; the commands do. Errors carry the step's own code. */
#ifndef KILN_BUILD_H
#define KILN_BUILD_H
#include "builder/check.h"
#include "builder/dockerfile.h"
#include "builder/image.h"
#include "builder/registry.h"
#include "builder/solve.h"
#include "cache/channel.h"
#include "specs/config.h"
#include "specs/definition.h"
#include "specs/lock.h"
#include "specs/platform.h"

struct build_options {
	const char *cache;    /* NULL: the usual folder */
	const char *prefix;   /* NULL: /opt/env */
	const char *platform; /* NULL: linux/amd64; several have commas between */
	struct channel_names names;
	const struct config_map *mirrors; /* of channels, packages and the base; may be NULL */
	struct strs virtuals;		  /* "NAME=VERSION" given by the user */
	enum compression compression;
	enum channel_priority priority;
	uint64_t newest_ms; /* packages made later are none; 0: all are */
	bool no_bytecode, verify;
	bool no_build;		      /* sources of pip's distributions are refused, not built */
	bool offline;		      /* ask nobody: what the cache lacks is ERR_ABSENT */
	bool update;		      /* solve again even when the key has an image */
	unsigned jobs;		      /* 0: one a processor */
	unsigned connect_ms, idle_ms; /* see http_options */
	struct log *log;	      /* may be NULL */
};

struct build;
int build_open(const struct build_options *o, struct build **out, struct err **e);
/* Of the first: closes all. */
void build_close(struct build *b);
AUTO_DEFINE(struct build *, build_close)
/* The next platform's; NULL after the last. */
struct build *build_next(const struct build *b);
const struct platform *build_platform(const struct build *b);

/* Changes the one platform that it is for (as options name it), before anything is done. ERR_USAGE.
 */
int build_set_platform(struct build *b, const char *name, struct err **e);

/* Fetches the git repository that the definition's build context is in; the context is a folder
 * then. Nothing where it is none. Errors of git_store_get; ERR_SYNTAX when the repository lacks
 * what the definition names, or has a link there that leads out. */
int build_fetch_context(struct build *b, struct definition *d, struct err **e);

/* Names the base image (a reference or oci:DIR) and finds its digest: one HEAD. Offline it is the
 * one it had the last time; ERR_ABSENT when there was none. Of the first: for all platforms. */
int build_set_base(struct build *b, const char *reference, struct err **e);
/* Offline: ERR_ABSENT names everything at once that the cache does not hold of the base that
 * build_set_base was told of and, where d is not NULL, of what the environment needs: packages of
 * the lock, or, without one, channels. locked: one a platform, from b's on. 0 when it is all there,
 * and when this is not offline. */
int build_offline(struct build *b, const struct definition *d, const struct lock *locked,
		  struct err **e);
/* The key of the definition under these settings for all platforms, and the text it is the hash
 * of. Of the first. */
void build_key(struct build *b, const struct definition *d, struct buf *text, struct digest *out);
enum channel_priority build_priority(const struct build *b);
/* Opens the definition's channels. wanted: the names whose records, and those of all that they may
 * depend on, are looked at; NULL: all. */
int build_channels(struct build *b, const struct definition *d, const struct strs *wanted,
		   struct channels *out, struct err **e);
/* Tells a spec what the channel it names stands for, where that is several (`defaults::python`).
 * The list is made in the arena. */
void build_name_channels(const struct build *b, struct arena *a, struct matchspec *m);
/* Solves for this platform. The base, when set, gives virtual packages and goes into the lock. */
int build_lock(struct build *b, const struct definition *d, struct lock *out, struct err **e);
/* ERR_USAGE, with a line for each difference, when the lock is for another definition: a spec that
 * no package of it satisfies, or one that it was not made for; other channels; another base. From
 * here on the definition's logins count for what the lock names. */
int build_lock_fits(struct build *b, const struct definition *d, const struct lock *l,
		    struct err **e);
/* Puts the base that was set in place of the one that the lock was made on: its packages go onto
 * another. Whether they can is for build_image to find out. */
void build_rebase(struct build *b, struct lock *l);
/* What is doubtful in a definition and its lock, on the base that was set. */
int build_check(struct build *b, const struct definition *d, const struct lock *l,
		struct findings *out, struct err **e);
/* From now on images are built by a container engine (Docker, Podman), which pushes them too. Of
 * the first: for all. */
void build_use_engine(struct build *b);
/* From now on images get their SBOM and their provenance beside them. Of the first: for all. */
void build_attach_documents(struct build *b);
/* Appends the SBOM of a lock: archives are downloaded, as they say what they are licensed under. */
int build_sbom(struct build *b, const struct lock *l, struct buf *out, struct err **e);
/* Imports of the Python files below the folder that the lock's packages do not provide; these are
 * downloaded for it. */
int build_check_source(struct build *b, const struct lock *l, const char *folder,
		       struct findings *out, struct err **e);
/* Downloads, links and finishes the environment in a folder. Packages that need another glibc than
 * this machine's are warned of: the folder may be meant for another. */
int build_install(struct build *b, const struct lock *l, const char *folder, struct err **e);

struct render_options {
	enum dockerfile_style style;
	const char *source; /* the definition's name, for people */
	const char *folder;
};
/* Writes Dockerfile, lock.yml and what they need into a folder: `docker build` there gives the
 * image. Equal input gives equal bytes. ERR_USAGE for what a Dockerfile cannot say. */
int build_render(struct build *b, const struct definition *d, const struct lock *locked,
		 const struct render_options *o, struct err **e);

/* The image that a destination has of a definition already, under the tag of its key: of an index
 * the first platform's size. ERR_ABSENT when it has none, or cannot be read. b: the first's. */
struct found_image {
	struct arena arena;
	struct str image; /* DEST@sha256:... */
	uint64_t size;	  /* of its blobs, compressed; manifest included */
};
void found_image_done(struct found_image *f);
AUTO_DEFINE_VALUE(struct found_image, found_image_done)
int build_find_image(struct build *b, const struct definition *d, struct str destination,
		     struct found_image *out, struct err **e);

/* The lock that the image of a definition was made of, appended as a text: of the image that the
 * destination has, or (none named) of the one that this machine has made last. ERR_ABSENT where
 * there is no such image, or nobody has kept its lock; more as of build_find_image. b: the first's.
 */
int build_find_lock(struct build *b, const struct definition *d, struct str destination,
		    struct buf *out, struct err **e);

struct build_result {
	struct arena arena;
	struct str image;     /* DEST@sha256:... */
	struct digest digest; /* of the manifest, or the index */
	struct digest key, lock_digest;
	bool cached;	 /* nothing was solved, downloaded or packed */
	uint64_t size;	 /* of the image's blobs */
	struct str json; /* the document `kiln build --json` prints */
	size_t packages, layers;
};
void build_result_done(struct build_result *r);
AUTO_DEFINE_VALUE(struct build_result, build_result_done)

/* The image of the definition at each destination (registry_forms lists what those are); the first
 * names the result. Of several platforms it is an OCI index of their images. b: the first's.
 * locked: use these locks, one a platform, instead of solving; may be NULL. ERR_UNSOLVABLE when
 * their packages need virtual packages that the base does not offer. */
int build_image(struct build *b, const struct definition *d, const struct lock *locked,
		struct strs destinations, struct build_result *out, struct err **e);
#endif
