/* specs/key.h - the identity of a definition: SHA-256 of its canonical form.
 *
 * In it: all that would change the image (base digest or docker steps, channels in order, specs as
 * a set in canonical form, variables, platform, prefix, image settings, kiln's format version). Not
 * in it: the definition's form, name and version, comments, order of specs, registry. It is
 * computed without solving. */
#ifndef KILN_KEY_H
#define KILN_KEY_H
#include "specs/definition.h"

struct key_input {
	const struct definition *definition;
	struct strs channels; /* in order: addresses, and paths as written */
	struct str platform;  /* "linux/amd64"; several have commas between, and are sorted */
	/* Those whose programs do not run where the image is built, which then holds less; empty.
	 */
	struct str foreign;
	struct str base_digest; /* "sha256:..." ; empty: no base */
	struct str prefix;	/* "/opt/env" */
	struct strs virtuals;	/* given by the user: "__cuda=12.0=0" */
	struct str priority;	/* of channels: "strict", "flexible", "disabled" */
	bool bytecode;		/* make .pyc for noarch packages */
	struct str compression; /* "gzip", "zstd" */
	struct strs local;	/* "./pkg sha256:HEX": what requirements name on this machine */
	struct str newest;	/* RFC 3339: packages made later are none; empty: all are */
};

/* The canonical text, a line a part ("spec numpy[version=\">=1.26\"]"): what is hashed and
 * what `kiln key --explain` prints. */
void key_text(const struct key_input *in, struct buf *out);
/* The part of it that is about pip, a line each ("pip requests>=2"), in the arena. */
struct strs key_requirements(struct arena *a, const struct definition *d);
void key_digest(const struct key_input *in, struct digest *out);
#endif
