/* builder/sbom.c - a lock as an SPDX 2.3 document. */
#include "builder/sbom.h"
#include "builder/kiln_version.h"
#include "builder/purl.h"
#include "specs/base/json.h"
#include "specs/license.h"
#include "specs/moment.h"
#include "specs/pyname.h"

#define ENVIRONMENT "SPDXRef-Environment"
#define BASE "SPDXRef-Base"
#define NOTHING_SAID "NOASSERTION"

struct writing {
	const struct sbom *s;
	struct arena arena;
	struct json_out j;
	struct str *ids, *names; /* [lock->count]; names as pip compares them */
};

static const struct record *record_at(const struct writing *w, size_t i)
{
	return &w->s->plan->records[i];
}

/* Of letters, digits, "." and "-": all but letters, digits and "-" stand as "." and two hex digits,
 * so that no two names become one. */
static struct str id_of(struct arena *a, const struct record *r)
{
	AUTO(buf_done) struct buf id = BUF(64 << 10);
	buf_printf(&id, "SPDXRef-%s-", r->manager == MANAGER_PIP ? "pypi" : "conda");
	for (size_t i = 0; i < r->name.n; i++) {
		unsigned char c = (unsigned char)r->name.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '-';
		if (plain)
			buf_add_char(&id, (char)c);
		else
			buf_printf(&id, ".%02x", c);
	}
	return arena_str(a, buf_str(&id));
}

/* ---- packages ---- */

static void put_checksum(struct json_out *j, const char *hex)
{
	json_open(j, "checksums", '[');
	json_open(j, NULL, '{');
	json_put_text(j, "algorithm", "SHA256");
	json_put_text(j, "checksumValue", hex);
	json_close(j, '}');
	json_close(j, ']');
}

static void put_purl(struct json_out *j, struct str purl)
{
	json_open(j, "externalRefs", '[');
	json_open(j, NULL, '{');
	json_put_text(j, "referenceCategory", "PACKAGE-MANAGER");
	json_put_text(j, "referenceType", "purl");
	json_put_str(j, "referenceLocator", purl);
	json_close(j, '}');
	json_close(j, ']');
}

/* A text that is no expression is passed on for people. */
static void put_license(struct json_out *j, struct str said)
{
	AUTO(buf_done) struct buf expression = BUF(64 << 10);
	bool known = license_write(said, &expression);
	json_put_text(j, "licenseConcluded", NOTHING_SAID);
	json_put_text(j, "licenseDeclared", known ? expression.data : NOTHING_SAID);
	if (!known && said.n) {
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		buf_printf(&text, "the package says: %.*s", STR_ARG(said));
		json_put_str(j, "licenseComments", buf_str(&text));
	}
	json_put_text(j, "copyrightText", NOTHING_SAID);
}

static void put_package(struct writing *w, size_t i)
{
	struct json_out *j = &w->j;
	const struct record *r = record_at(w, i);
	AUTO(buf_done) struct buf purl = BUF(64 << 10);
	bool folder = str_starts(r->url, "file:") || !r->url.n;
	purl_write(r, &purl);
	json_open(j, NULL, '{');
	json_put_str(j, "SPDXID", w->ids[i]);
	json_put_str(j, "name", r->name);
	json_put_str(j, "versionInfo", r->version_text);
	json_put_str(j, "downloadLocation", folder ? STR(NOTHING_SAID) : r->url);
	if (r->fn.n)
		json_put_str(j, "packageFileName", r->fn);
	json_put_bool(j, "filesAnalyzed", false);
	/* of what is at the location: of a wheel that was built here, its source */
	bool source = r->source && r->source->kind == SOURCE_ARCHIVE;
	put_checksum(j, digest_text(source ? &r->sha256 : &w->s->plan->files[i].sha256).hex);
	put_license(j, link_license(w->s->plan, i, &w->arena));
	put_purl(j, buf_str(&purl));
	json_close(j, '}');
}

/* The whole has no archive of its own; its version is the lock's digest. */
static void put_environment(struct writing *w, const struct digest *lock)
{
	struct json_out *j = &w->j;
	json_open(j, NULL, '{');
	json_put_text(j, "SPDXID", ENVIRONMENT);
	json_put_text(j, "name", "environment");
	json_put_text(j, "versionInfo", digest_text(lock).hex);
	json_put_text(j, "downloadLocation", NOTHING_SAID);
	json_put_bool(j, "filesAnalyzed", false);
	put_license(j, (struct str){0});
	json_put_text(j, "primaryPackagePurpose", "CONTAINER");
	json_close(j, '}');
}

static void put_base(struct writing *w)
{
	const struct lock *l = w->s->lock;
	struct json_out *j = &w->j;
	struct reference r;
	struct digest digest;
	if (reference_parse(&w->arena, l->base_name, &r, NULL) < 0 ||
	    !digest_parse(l->base_digest, &digest))
		return;
	bool known = r.kind == REFERENCE_REGISTRY;
	json_open(j, NULL, '{');
	json_put_text(j, "SPDXID", BASE);
	json_put_str(j, "name", known ? l->base_name : STR("base image"));
	json_put_str(j, "versionInfo", l->base_digest);
	json_put_text(j, "downloadLocation", NOTHING_SAID);
	json_put_bool(j, "filesAnalyzed", false);
	put_checksum(j, digest_text(&digest).hex);
	put_license(j, (struct str){0});
	json_put_text(j, "primaryPackagePurpose", "CONTAINER");
	if (known) {
		AUTO(buf_done) struct buf purl = BUF(64 << 10);
		purl_write_image(&r, &digest, &purl);
		put_purl(j, buf_str(&purl));
	}
	json_close(j, '}');
}

/* ---- relationships ---- */

static void put_relation(struct writing *w, struct str from, const char *type, struct str to)
{
	json_open(&w->j, NULL, '{');
	json_put_str(&w->j, "spdxElementId", from);
	json_put_text(&w->j, "relationshipType", type);
	json_put_str(&w->j, "relatedSpdxElement", to);
	json_close(&w->j, '}');
}

static struct str wanted_name(struct str spec)
{
	size_t n = 0;
	struct str extras = str_from(spec, str_find(spec, ';'));
	while (n < spec.n && !strchr(" =<>!~[;(@", spec.p[n]))
		n++;
	return memmem(extras.p, extras.n, "extra", 5) ? (struct str){0} : str_to(spec, n);
}

/* A wheel's requirement may be met by conda's package; names are compared as pip does. */
static size_t find_named(struct writing *w, const struct record *by, struct str name)
{
	size_t count = w->s->lock->count, found = count;
	struct str wanted = pyname_normal(&w->arena, name);
	for (size_t i = 0; i < count && wanted.n; i++)
		if (str_eq(w->names[i], wanted) &&
		    (found == count || record_at(w, i)->manager == by->manager))
			found = i;
	return found;
}

static void put_dependencies(struct writing *w, size_t i)
{
	const struct record *r = record_at(w, i);
	size_t count = w->s->lock->count;
	AUTO(free) bool *told = mem_zero(count + 1, sizeof(*told));
	told[i] = true;
	for (size_t k = 0; k < r->depends.n; k++) {
		size_t at = find_named(w, r, wanted_name(r->depends.v[k]));
		if (at < count && !told[at])
			put_relation(w, w->ids[i], "DEPENDS_ON", w->ids[at]);
		told[at] = true;
	}
}

static void put_relations(struct writing *w)
{
	const struct lock *l = w->s->lock;
	json_open(&w->j, "relationships", '[');
	put_relation(w, STR("SPDXRef-DOCUMENT"), "DESCRIBES", STR(ENVIRONMENT));
	if (l->base_digest.n)
		put_relation(w, STR(ENVIRONMENT), "DESCENDANT_OF", STR(BASE));
	for (size_t i = 0; i < l->count; i++)
		put_relation(w, STR(ENVIRONMENT), "CONTAINS", w->ids[i]);
	for (size_t i = 0; i < l->count; i++)
		put_dependencies(w, i);
	json_close(&w->j, ']');
}

/* ---- the document ---- */

static void put_head(struct writing *w, const struct digest *lock)
{
	struct json_out *j = &w->j;
	AUTO(buf_done) struct buf created = BUF(64);
	struct str maker[] = {STR("Tool: kiln-" KILN_VERSION)};
	json_put_text(j, "spdxVersion", "SPDX-2.3");
	json_put_text(j, "dataLicense", "CC0-1.0");
	json_put_text(j, "SPDXID", "SPDXRef-DOCUMENT");
	json_put_str(j, "name", arena_printf(&w->arena, "environment for %s", w->s->platform));
	json_put_str(j, "documentNamespace",
		     arena_printf(&w->arena, "https://spdx.org/spdxdocs/kiln-%.*s-%s",
				  STR_ARG(w->s->lock->platform), digest_text(lock).hex));
	json_open(j, "creationInfo", '{');
	if (!moment_write_seconds(w->s->created, &created))
		moment_write_seconds(0, &created);
	json_put_str(j, "created", buf_str(&created));
	json_put_strs(j, "creators", (struct strs){maker, 1});
	json_close(j, '}');
}

static int write_all(struct writing *w, struct err **e)
{
	const struct lock *l = w->s->lock;
	struct digest lock;
	int code = lock_digest(l, &lock, e);
	if (code < 0)
		return code;
	w->ids = arena_zero(&w->arena, l->count + 1, sizeof(*w->ids));
	w->names = arena_zero(&w->arena, l->count + 1, sizeof(*w->names));
	for (size_t i = 0; i < l->count; i++) {
		w->ids[i] = id_of(&w->arena, record_at(w, i));
		w->names[i] = pyname_normal(&w->arena, record_at(w, i)->name);
	}
	json_open(&w->j, NULL, '{');
	put_head(w, &lock);
	json_open(&w->j, "packages", '[');
	put_environment(w, &lock);
	if (l->base_digest.n)
		put_base(w);
	for (size_t i = 0; i < l->count; i++)
		put_package(w, i);
	json_close(&w->j, ']');
	put_relations(w);
	json_close(&w->j, '}');
	buf_add_char(w->j.to, '\n');
	return buf_check(w->j.to, "SBOM", e);
}

int sbom_write(const struct sbom *s, struct buf *out, struct err **e)
{
	struct writing w = {.s = s, .j = {out}};
	int code = write_all(&w, e);
	arena_done(&w.arena);
	return code;
}
