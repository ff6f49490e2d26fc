/* builder/link_private.h - a plan's packages, as link_plan.c settles and link.c emits them. */
#ifndef KILN_LINK_PRIVATE_H
#define KILN_LINK_PRIVATE_H
#include "builder/link.h"
#include "builder/paths.h"
#include <stdatomic.h>

/* META: what tells of the package: conda-meta/NAME.json, or a wheel's RECORD. */
enum link_kind { LINK_LISTED, LINK_ENTRY_POINT, LINK_DIRECT_URL, LINK_INSTALLER, LINK_META };

/* One path a package wants. */
struct link_path {
	struct str path; /* in the prefix; ended by 0 */
	struct str pyc;	 /* bytecode made of it; empty: none */
	uint8_t kind;	 /* enum link_kind */
	bool lost;	 /* another one has it: not emitted */
};

struct link_package_plan {
	struct package_info info;
	struct str stem; /* name-version-build */
	/* Those of info.paths in their order, then entry points, then a wheel's direct_url.json,
	 * where due, and INSTALLER, then META. */
	struct link_path *paths;
	size_t count;
	size_t rank; /* the highest of those that want a path has it */
	bool bytecode;
	struct noarch_python python; /* of the environment */
	struct strs emitted;
	uint64_t size;
	_Atomic bool sound; /* its archive was compared with its digest */
};

/* Before the payload of package i is read: package_check, once a plan. */
int link_check_archive(const struct link_plan *p, size_t i, struct err **e);

/* Settles who has which path, and what bytecode there will be. */
int link_plan_settle(struct link_plan *p, struct err **e);
#endif
