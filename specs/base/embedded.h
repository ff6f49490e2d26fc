/* specs/base/embedded.h - files that are part of the program, as embed.sh puts them there. */
#ifndef KILN_BASE_EMBEDDED_H
#define KILN_BASE_EMBEDDED_H
#include "specs/base/buf.h"

struct embedded_file {
	const char *path; /* from the folder that was embedded */
	struct str text;
};
#endif
