/* specs/base/yaml.h - small YAML documents with the place of everything in them.
 *
 * Read through libyaml's document interface. Refused, since readers disagree on them or they
 * cost more than they say: doubled keys, keys that are no scalars, merge keys, tags beyond the
 * core ones, a second document, more than 16 MiB, deeper than 64, more than two million nodes
 * with every alias counted as what it stands for. Nodes live as long as the document. */
#ifndef KILN_BASE_YAML_H
#define KILN_BASE_YAML_H
#include "specs/base/arena.h"

/* What a plain scalar means in YAML's core schema; quoted ones are always text. */
enum yaml_kind { YAML_NULL, YAML_BOOL, YAML_NUMBER, YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node;
struct yaml_pair {
	const struct yaml_node *key, *value;
};

struct yaml_node {
	enum yaml_kind kind;
	unsigned line, column; /* from 1; columns are characters */
	unsigned text_column;  /* of the scalar's first character, behind a quote; 0: the text
				* does not stand in one line as it reads (escapes, folding) */
	bool plain;	 /* a scalar without quotes: readers of YAML 1.1 may see another kind */
	struct str text; /* of a scalar, as written: `1.10` stays so; ends in 0 */
	const struct yaml_node **items; /* of a list */
	struct yaml_pair *pairs;	/* of a map, in their order */
	size_t n;			/* items or pairs */
	unsigned alias; /* 1, 2, ...: which of the nodes it is that stand in several places, by
			 * aliases; 0: it does not */
};

struct yaml {
	struct arena arena;
	const char *what;	      /* the file's name for messages; borrowed */
	const struct yaml_node *root; /* NULL: the document is empty */
	unsigned aliases;	      /* nodes that stand in several places */
};

#define YAML                                                                                       \
	{                                                                                          \
		.arena = ARENA                                                                     \
	}

/* ERR_SYNTAX or ERR_LIMIT, "what:line:column: ...". */
int yaml_parse(struct str text, const char *what, struct yaml *out, struct err **e);
/* The same of a JSON document (RFC 8259), under the same limits. */
int yaml_parse_json(struct str text, const char *what, struct yaml *out, struct err **e);
void yaml_done(struct yaml *y);
AUTO_DEFINE_VALUE(struct yaml, yaml_done)

/* ERR_SYNTAX with the node's place in front; at may be NULL for "line 1". */
int yaml_fail(const struct yaml *y, const struct yaml_node *at, struct err **e, const char *fmt,
	      ...) PRINTF_LIKE(4, 5);
/* "text", "a list", ...: what the node is, for messages. */
const char *yaml_kind_name(const struct yaml_node *node);
static inline bool yaml_is_scalar(const struct yaml_node *node)
{
	return node->kind < YAML_LIST;
}

/* The value of a key, borrowed; NULL when absent or when map is no map. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* ERR_SYNTAX naming the key, what it must be and what it is. */
int yaml_want(const struct yaml *y, const struct yaml_node *node, enum yaml_kind kind,
	      const char *key, struct err **e);
/* Members of a map. Those that "need" fail when the key is absent or of another type; the
 * others leave *out alone when it is absent or null. Text is any scalar as written. */
int yaml_text(const struct yaml *y, const struct yaml_node *map, const char *key, struct str *out,
	      struct err **e);
int yaml_need_text(const struct yaml *y, const struct yaml_node *map, const char *key,
		   struct str *out, struct err **e);
int yaml_member(const struct yaml *y, const struct yaml_node *map, const char *key,
		enum yaml_kind kind, const struct yaml_node **out, struct err **e);
int yaml_need_member(const struct yaml *y, const struct yaml_node *map, const char *key,
		     enum yaml_kind kind, const struct yaml_node **out, struct err **e);

/* Text as a YAML scalar that every reader, of YAML 1.1 too, takes for just this text: plain
 * where it is safe, else in quotes. */
void yaml_put_text(struct buf *out, struct str text);
#endif
