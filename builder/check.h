/* builder/check.h - what is doubtful in a definition and its lock, before anything is built. */
#ifndef KILN_CHECK_H
#define KILN_CHECK_H
#include "specs/base/json.h"
#include "specs/base/vec.h"
#include "specs/definition.h"
#include "specs/lock.h"
#include "specs/platform.h"
#include "specs/reference.h"

enum finding_severity {
	FINDING_NOTE,	 /* fine for many */
	FINDING_WARNING, /* mostly a mistake */
	FINDING_ERROR,	 /* it will not work */
};

struct finding {
	const char *code; /* "shadow" */
	enum finding_severity severity;
	struct str message;
	const char *advice; /* what to do */
};

struct findings {
	struct arena arena;
	VEC(struct finding) list; /* each once */
};
#define FINDINGS                                                                                   \
	{                                                                                          \
		.arena = ARENA                                                                     \
	}
void findings_done(struct findings *f);
AUTO_DEFINE_VALUE(struct findings, findings_done)

/* What the definition alone tells. */
void check_definition(const struct definition *d, struct findings *out);
/* What they are to run on. */
struct check_target {
	const struct platform *platform;
	struct strs virtuals;	      /* "__glibc=2.36=0" */
	const struct reference *base; /* as it was named; NULL: none, or not looked at */
	struct str base_cuda;	      /* version of the CUDA that the base brings; empty: none */
};
/* What the base's name tells. */
void check_base(const struct reference *base, struct findings *out);
/* What its packages tell. */
void check_lock(const struct lock *l, const struct check_target *t, struct findings *out);

/* An import that would fail: what check_source finds. */
void findings_add_import(struct findings *f, struct str message);

/* "note", "warning", "error" */
const char *finding_severity_name(enum finding_severity s);
/* An array of objects: code, severity, message, advice. */
void findings_put(const struct findings *f, struct json_out *j, const char *key);
/* Two lines a finding. */
void findings_write(const struct findings *f, struct buf *out);
size_t findings_count(const struct findings *f, enum finding_severity s);
/* Warnings and errors as warnings, notes as information. */
void findings_log(const struct findings *f, struct log *log);
#endif
