/* builder/pip_explain.c - what a resolver's words mean. */
#include "builder/pip_private.h"
#include "specs/base/url.h"

/* Looked for in this order. */
static const struct {
	const char *words;
	int code;
} meanings[] = {
	{"lack of valid authentication", ERR_REFUSED},
	{"network was disabled", ERR_NET},
	{"No solution found", ERR_UNSOLVABLE},
	{"not found in the package registry", ERR_UNSOLVABLE},
	{"No interpreter found", ERR_ABSENT},
	{"Couldn't parse requirement", ERR_SYNTAX},
	{"Error parsing included file", ERR_SYNTAX},
	{"Failed to fetch", ERR_NET},
	{"Received some unexpected", ERR_NET},
	{"Request failed", ERR_NET},
	{"Git operation failed", ERR_NET},
};

static int code_of(struct str words)
{
	for (size_t i = 0; i < COUNT(meanings); i++)
		if (memmem(words.p, words.n, meanings[i].words, strlen(meanings[i].words)))
			return meanings[i].code;
	return ERR_FAILED;
}

/* Runs of blanks and lines, with what draws uv's tree, as one line of words. */
static void put_words(struct str words, struct buf *out)
{
	static const char *const drawn[] = {"\xc3\x97", "\xe2\x95\xb0\xe2\x94\x80\xe2\x96\xb6",
					    "\xe2\x94\x9c\xe2\x94\x80\xe2\x96\xb6", "\xe2\x94\x82",
					    "error:"};
	while (words.n) {
		size_t n = 0;
		while (n < words.n && !memchr(" \t\r\n", words.p[n], 4))
			n++;
		struct str word = str_to(words, n);
		if (str_is(word, "warning:")) { /* told apart; here the failure counts */
			words = str_from(words, str_find(words, '\n') + 1);
			continue;
		}
		words = str_from(words, n + 1);
		bool skip = n == 0;
		for (size_t i = 0; i < COUNT(drawn); i++)
			skip = skip || str_is(word, drawn[i]);
		if (skip)
			continue;
		if (out->n)
			buf_add_char(out, ' ');
		buf_add_str(out, word);
	}
}

/* Names what came from conda: uv sees only a version that is asked for. */
static void put_provided(const struct pip_request *q, struct str words, struct buf *out)
{
	bool any = false;
	for (size_t i = 0; i < q->provided.n; i++) {
		const struct pip_dist *d = &q->provided.v[i];
		AUTO(arena_done) struct arena a = ARENA;
		struct str pin =
			arena_printf(&a, "%.*s==%.*s", STR_ARG(d->name), STR_ARG(d->version));
		if (!memmem(words.p, words.n, pin.p, pin.n))
			continue;
		buf_printf(out, "%s%.*s is conda's (package %.*s)", any ? ", " : "; ", STR_ARG(pin),
			   STR_ARG(d->package));
		any = true;
	}
}

int pip_explain(const struct pip_request *q, struct str words, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	AUTO(arena_done) struct arena a = ARENA;
	words = url_text_without_secrets(&a, words);
	put_words(words, &text);
	put_provided(q, words, &text);
	return err_set(e, code_of(words), "pip requirements: %s",
		       text.n ? text.data : "uv failed without a word");
}
