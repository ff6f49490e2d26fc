/* builder/pip_stub.c - what conda installs, as wheels that a resolver can choose. */
#include "builder/pip_private.h"
#include "specs/base/fs.h"
#include <archive.h>
#include <archive_entry.h>

/* In names of files `-` separates the parts. */
static struct str escaped(struct arena *a, struct str text)
{
	char *copy = arena_copy(a, text.p, text.n);
	for (size_t i = 0; i < text.n; i++)
		if (copy[i] == '-')
			copy[i] = '_';
	return (struct str){copy, text.n};
}

static int put_member(struct archive *zip, const char *name, struct str text, struct err **e)
{
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)text.n);
	int r = archive_write_header(zip, entry);
	archive_entry_free(entry);
	if (r == ARCHIVE_OK && archive_write_data(zip, text.p, text.n) == (la_ssize_t)text.n)
		return 0;
	return err_set(e, ERR_IO, "%s: %s", name, archive_error_string(zip));
}

static int put_members(struct archive *zip, const struct pip_dist *d, struct str stem,
		       struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	const struct {
		const char *name;
		struct str text;
	} members[] = {
		{"METADATA", d->metadata},
		{"WHEEL", STR("Wheel-Version: 1.0\nGenerator: kiln\nRoot-Is-Purelib: true\n")},
		{"RECORD", STR("")},
	};
	int code = 0;
	for (size_t i = 0; i < COUNT(members) && code == 0; i++) {
		struct str name =
			arena_printf(&a, "%.*s.dist-info/%s", STR_ARG(stem), members[i].name);
		code = put_member(zip, name.p, members[i].text, e);
	}
	return code;
}

int pip_write_stub(const struct pip_target *t, const struct pip_dist *d, const char *folder,
		   struct err **e)
{
	AUTO(arena_done) struct arena a = ARENA;
	struct str name = escaped(&a, d->name), version = escaped(&a, d->version),
		   minor = t->python;
	struct str stem = arena_printf(&a, "%.*s-%.*s", STR_ARG(name), STR_ARG(version)), major;
	str_cut(&minor, '.', &major);
	minor = str_to(minor, str_find(minor, '.'));
	struct str path =
		arena_printf(&a, "%s/%.*s-999999-cp%.*s%.*s-cp%.*s%.*s-manylinux_2_%u_%s.whl",
			     folder, STR_ARG(stem), STR_ARG(major), STR_ARG(minor), STR_ARG(major),
			     STR_ARG(minor), pip_known_glibc(t), t->platform->archspec);
	struct archive *zip = archive_write_new();
	archive_write_set_format_zip(zip);
	int code = archive_write_open_filename(zip, path.p) == ARCHIVE_OK
			   ? put_members(zip, d, stem, e)
			   : err_set(e, ERR_IO, "%s", archive_error_string(zip));
	if (archive_write_close(zip) != ARCHIVE_OK && code == 0)
		code = err_set(e, ERR_IO, "%s: %s", path.p, archive_error_string(zip));
	archive_write_free(zip);
	return code;
}
