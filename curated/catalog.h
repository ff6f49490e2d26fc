/* curated/catalog.h - environments that are known to work, by name, and the rules of names.
 *
 * The catalogue is part of the program: folders of the v1 form, each with an about.yml that says
 * what it is for, where its facts come from and what nobody knows of it. */
#ifndef KILN_CATALOG_H
#define KILN_CATALOG_H
#include "specs/definition.h"

/* One version of an environment; its texts live as long as the program. */
struct catalog_entry {
	struct str name;     /* "AzureML-sklearn-1.5" */
	struct str version;  /* "1": a number, counted by this catalogue */
	size_t first, count; /* its files */
};

/* What about.yml says; empty: it does not. */
struct catalog_about {
	struct str summary, python, framework, source;
	struct str base; /* reference; empty: not known */
	bool gpu, deprecated;
	struct str successor;	    /* of a deprecated one: a name of the catalogue */
	struct strs unknown, notes; /* a sentence each */
	struct str key; /* catalog_key's, in hex: listing them need not read definitions */
};

/* Goes to the next entry, in the order of their folders; from {0} to the first. False behind the
 * last. */
bool catalog_next(struct catalog_entry *entry);
/* Cuts NAME:VERSION and NAME@latest: *version is empty for the latest. */
void catalog_split_version(struct str *name, struct str *version);
/* NAME, NAME:VERSION or NAME@latest; NAME is the latest, and may be without "AzureML-" at its
 * front. ERR_ABSENT with the nearest names. */
int catalog_find(struct str text, struct catalog_entry *out, struct err **e);
/* Whether the catalogue has that name, with or without "AzureML-" at its front. */
bool catalog_has(struct str name);
/* Whether a text that catalog_find does not know is one of its names, mistyped. */
bool catalog_is_meant(struct str text);
/* The entry's definition, of form v1. */
int catalog_read(const struct catalog_entry *entry, struct log *log, struct definition *out,
		 struct err **e);
/* Texts are put in the arena. ERR_SYNTAX for a key or value that is none. */
int catalog_read_about(const struct catalog_entry *entry, struct arena *a,
		       struct catalog_about *out, struct err **e);
/* What an entry is known by: the key of its definition for linux/amd64 with all settings as they
 * are by default, its base by name, since nobody is asked for a digest. */
void catalog_key(const struct definition *d, struct digest *out);

/* Whether the name begins as only curated environments may: AzureML or Microsoft, written so. */
bool catalog_is_reserved(struct str name);
/* ERR_USAGE for a name that nobody may give to an environment of their own: reserved ones, and all
 * but letters, digits, "-", "_" and "." (strict: without "."), a letter or digit first, at most
 * 255. */
int catalog_check_name(struct str name, bool strict, struct err **e);
#endif
