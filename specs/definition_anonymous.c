/* specs/definition_anonymous.c - the version azure-ai-ml gives an environment without a name. */
#include "specs/base/url.h"
#include "specs/base/yaml_dump.h"
#include "specs/context.h"
#include "specs/definition_private.h"

enum { CANONICAL_MAX = 64 << 20 };

static struct str hex_of(struct arena *a, struct str text)
{
	struct digest d;
	digest_of(text.p, text.n, &d);
	return arena_str(a, str_of(digest_text(&d).hex));
}

/* `between` between every two characters of `text`: the client joins where it meant to append. */
static struct str join(struct arena *a, struct str between, struct str text)
{
	AUTO(buf_done) struct buf joined = BUF(BUF_UNLIMITED);
	for (size_t i = 0; i < text.n; i++) {
		/* Only ever of ASCII, or of a path: a character may have many bytes. */
		if (i && ((unsigned char)text.p[i] & 0xc0) != 0x80)
			buf_add_str(&joined, between);
		buf_add_char(&joined, text.p[i]);
	}
	return arena_str(a, buf_str(&joined));
}

static int add_conda(struct arena *a, const struct definition *d, struct str *h, struct err **e)
{
	AUTO(yaml_done) struct yaml y = YAML;
	AUTO(buf_done) struct buf text = BUF(CANONICAL_MAX);
	int status = yaml_parse(d->conda, "conda file", &y, e);
	if (status == 0 && y.root && y.root->n) {
		status = yaml_dump(&y, y.root, true, &text, e);
		*h = join(a, *h, hex_of(a, buf_str(&text)));
	}
	return status < 0 ? status : buf_check(&text, "conda file", e);
}

/* The client hashes what PyYAML makes of its own objects, with the names of their classes. */
#define OBJECT " !!python/object:azure.ai.ml._restclient.arm_ml_service.models._models."
#define ROUTES 3

static const struct {
	const char *key, *line;
} routes[ROUTES] = {
	{"liveness_route", "  livenessRoute:"},
	{"readiness_route", "  readinessRoute:"},
	{"scoring_route", "  scoringRoute:"},
};

static struct yaml_node node_of(enum yaml_kind kind, const char *text)
{
	return (struct yaml_node){.kind = kind, .plain = kind == YAML_NUMBER, .text = str_of(text)};
}

static struct yaml_node map_of(struct yaml_pair *pairs, size_t n)
{
	return (struct yaml_node){.kind = YAML_MAP, .pairs = pairs, .n = n};
}

/* Appends the route below its name and the name of its class. */
static int add_route(const struct yaml_node *config, size_t i, struct buf *out, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(CANONICAL_MAX);
	const struct yaml_node *route = yaml_get(config, routes[i].key);
	const struct yaml_node *path = yaml_get(route, "path"), *port = yaml_get(route, "port");
	struct yaml_node number = node_of(YAML_NUMBER, port->text.p);
	struct yaml_node names[] = {node_of(YAML_TEXT, "_data"), node_of(YAML_TEXT, "path"),
				    node_of(YAML_TEXT, "port")};
	struct yaml_pair inner[] = {{&names[1], path}, {&names[2], &number}};
	struct yaml_node object = map_of(inner, 2);
	struct yaml_pair outer[] = {{&names[0], &object}};
	struct yaml_node whole = map_of(outer, 1);
	struct yaml y = {.what = "inference_config"};
	int status = yaml_dump_below(&y, &whole, 4, &text, e);
	buf_printf(out, "%s" OBJECT "Route\n%s", routes[i].line, text.data);
	return status;
}

static int add_inference(struct arena *a, const struct definition *d, struct str *h, struct err **e)
{
	AUTO(buf_done) struct buf text = BUF(CANONICAL_MAX);
	const struct yaml_node *config = yaml_get(d->document.root, "inference_config");
	int status = 0;
	if (!config)
		return 0;
	buf_add_text(&text, &(OBJECT "InferenceContainerProperties\n_data:\n")[1]);
	for (size_t i = 0; i < ROUTES && status == 0; i++)
		status = add_route(config, i, &text, e);
	*h = join(a, *h, hex_of(a, buf_str(&text)));
	return status;
}

static int hash_image(struct arena *a, const struct definition *d, struct str *h, struct err **e)
{
	*h = hex_of(a, d->base);
	int status = add_inference(a, d, h, e);
	if (status == 0 && d->conda.n)
		status = add_conda(a, d, h, e);
	return status;
}

static int hash_build(struct arena *a, const struct definition *d, struct str *h, struct err **e)
{
	struct digest context;
	if (!d->steps.folder.n)
		return err_set(e, ERR_USAGE,
			       "the build context %.*s is remote: it has no hash here",
			       STR_ARG(url_without_login(a, d->steps.context)));
	int status = context_hash(d->steps.folder.p, &context, e);
	if (status < 0)
		return status;
	*h = hex_of(a, str_of(digest_text(&context).hex));
	if (d->steps.dockerfile_path.n)
		*h = join(a, *h, hex_of(a, d->steps.dockerfile_path));
	return 0;
}

int definition_anonymous_version(const struct definition *d, struct digest *out, struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str h = {0};
	if (d->form != DEFINITION_V2)
		return err_set(e, ERR_USAGE, "only v2 environments have versions without a name");
	int status = d->steps.context.n ? hash_build(&a, d, &h, e) : hash_image(&a, d, &h, e);
	if (status == 0)
		digest_of(h.p, h.n, out);
	return status;
}
