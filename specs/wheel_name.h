/* specs/wheel_name.h - what a wheel's file name says (binary distribution format 1.0). */
#ifndef KILN_WHEEL_NAME_H
#define KILN_WHEEL_NAME_H
#include "specs/base/buf.h"

/* The name and version in a wheel's file name, `name-version[-build]-py-abi-plat.whl`, and its
 * tags. ERR_CORRUPT. */
struct wheel_name {
	struct str name, version, build, python, abi, platform; /* slices of the file name */
};
int wheel_name_parse(struct str file, struct wheel_name *out, struct err **e);
#endif
