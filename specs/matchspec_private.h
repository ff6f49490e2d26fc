/* specs/matchspec_private.h - what reading and matching of match specs share. */
#ifndef KILN_MATCHSPEC_PRIVATE_H
#define KILN_MATCHSPEC_PRIVATE_H
#include "specs/matchspec.h"
#include "specs/versionspec.h"

struct matchspec_detail {
	const struct versionspec *version; /* NULL: any */
	struct textmatch build;
	enum version_op build_number_op; /* VERSION_ANY: any; of the comparing ones */
	uint64_t build_number;
	struct textmatch name, fn, license, license_family; /* TEXT_ANY: not asked for */
	struct strs track_features;			    /* all must be present */
	struct str channel; /* without credentials: what is compared and shown */
};

/* The subdir that a channel's name may end in, which is cut off; empty when there is none. */
struct str matchspec_take_subdir(struct str *channel);
#endif
