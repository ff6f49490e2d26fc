/* builder/engine_stream.c - objects found by their brackets, then read as JSON. */
#include "builder/engine_stream.h"

void engine_stream_done(struct engine_stream *s)
{
	buf_done(&s->object);
}

static struct str member(const cJSON *object, const char *key)
{
	return str_of(json_text(object, key));
}

/* Since API 1.4 `errorDetail` stands beside `error`; Podman gives only the latter. */
static struct str error_of(const cJSON *doc)
{
	const cJSON *detail = json_object(doc, "errorDetail");
	struct str said = member(detail, "message");
	if (!said.n)
		said = member(doc, "error");
	if (!said.n && (detail || json_get(doc, "error")))
		said = STR("the engine does not say why");
	return said;
}

static int take_object(struct engine_stream *s, struct err **e)
{
	AUTO(json_free) cJSON *doc = NULL;
	int code = json_parse(buf_str(&s->object), "what the engine says", &doc, e);
	buf_clear(&s->object);
	if (code < 0)
		return code;
	const cJSON *aux = json_object(doc, "aux");
	struct engine_event event = {
		.text = member(doc, "stream"),
		.id = member(doc, "id"),
		.status = member(doc, "status"),
		.error = error_of(doc),
		.image = member(aux, "ID"),
		.digest = member(aux, "Digest"),
	};
	return s->take(s->cookie, &event, e);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void step(struct engine_stream *s, char c)
{
	if (s->in_text) {
		s->in_text = s->escaped || c != '"';
		s->escaped = !s->escaped && c == '\\';
	} else if (c == '"') {
		s->in_text = true;
	} else if (c == '{' || c == '[') {
		s->depth++;
	} else if (c == '}' || c == ']') {
		s->depth--;
	}
}

int engine_stream_add(struct engine_stream *s, const void *p, size_t n, struct err **e)
{
	const char *text = p;
	for (size_t i = 0; i < n; i++) {
		if (!s->depth && is_blank(text[i]))
			continue;
		if (!s->depth && text[i] != '{')
			return err_set(e, ERR_CORRUPT, "what the engine says is no JSON object");
		step(s, text[i]);
		buf_add_char(&s->object, text[i]);
		int code = buf_check(&s->object, "what the engine says", e);
		if (code == 0 && !s->depth)
			code = take_object(s, e);
		if (code < 0)
			return code;
	}
	return 0;
}

int engine_stream_end(const struct engine_stream *s, struct err **e)
{
	if (!s->depth)
		return 0;
	return err_set(e, ERR_CORRUPT, "what the engine says ends in the middle of an object");
}
