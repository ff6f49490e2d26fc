/* builder/cli/page.h - HTML pages of one file, put together from the templates in page/.
 *
 * A page needs no network and no script to be read; its content security policy permits only the
 * style and the script that stand in it. Equal values give equal bytes. */
#ifndef KILN_CLI_PAGE_H
#define KILN_CLI_PAGE_H
#include "specs/base/buf.h"

enum { PAGE_MAX = 256 << 20 }; /* bytes: what a page may grow to */

/* What stands in a template's place of that name. */
struct page_value {
	const char *name;
	struct str text;
};

/* Appends text so that it is text wherever it stands, quoted attributes included. What nobody can
 * see is U+FFFD: bytes that are no UTF-8, control characters, and those that turn the direction of
 * what follows. */
void page_escape(struct buf *out, struct str text);
/* Appends the template page/NAME: {{name}} is the value of that name escaped, {{{name}}} the value
 * as it is, which is HTML already. values: the last one has no name. */
void page_fill(struct buf *out, const char *name, const struct page_value *values);
/* Appends a fact of a list of them: what is known as `key`, in elements of that tag; nothing where
 * text is empty. */
void page_fact(struct buf *out, const char *key, struct str text, const char *tag);

/* A list to choose from, which filter.js reads: an item fits when its data-NAME is the value. */
enum { PAGE_CHOICES = 8 };
struct page_choice {
	const char *id, *name, *label;
	const char *values[PAGE_CHOICES]; /* each once; those beyond are left out */
	size_t n;
};
void page_choice_add(struct page_choice *c, const char *value);
/* Appends it; nothing where there is less than two. */
void page_choice_put(const struct page_choice *c, struct buf *out);

/* Appends the whole page; main: its HTML. */
void page_put(struct buf *out, const char *title, struct str main);

/* Before the work that a page tells of: an error where it could not be written. "-" is
 * standard output. */
int page_check(const char *path, struct err **e);
/* Writes it, aside and renamed. */
int page_write(const char *path, const struct buf *page, struct err **e);
#endif
