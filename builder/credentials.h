/* builder/credentials.h - logins for registries, as docker and podman keep them.
 *
 * Looked for in $REGISTRY_AUTH_FILE, $DOCKER_AUTH_CONFIG (the JSON itself), config.json in
 * $DOCKER_CONFIG or ~/.docker, and containers/auth.json in $XDG_RUNTIME_DIR and
 * $XDG_CONFIG_HOME or ~/.config; the first that knows the registry wins. */
#ifndef KILN_CREDENTIALS_H
#define KILN_CREDENTIALS_H
#include "specs/base/log.h"
#include "specs/reference.h"

/* All NULL: none. Texts are owned, and cleared before they are freed. */
struct credentials {
	char *user, *password;
	char *identity_token; /* to be exchanged for a bearer token */
	char *registry_token; /* a bearer token itself */
	char *helper;	      /* docker-credential-HELPER is said to keep the login */
};
void credentials_done(struct credentials *c);
AUTO_DEFINE_VALUE(struct credentials, credentials_done)

/* The login for the reference's registry in the text of a config.json. The longest key wins:
 * HOST/PATH, HOST:PORT, HOST, also written as https://HOST/v1/; docker.io is
 * https://index.docker.io/v1/. ERR_ABSENT when it has none; ERR_CORRUPT when it does not
 * parse, or the entry does not. */
int credentials_read(struct str config, const struct reference *r, struct credentials *out,
		     struct err **e);
/* From wherever it is; all NULL when nothing is found. Unreadable files are warned of. */
void credentials_find(const struct reference *r, struct log *log, struct credentials *out);

/* Frees a text and leaves nothing of it in memory; NULL is fine. */
void secret_free(char *text);
AUTO_DEFINE(char *, secret_free)
/* The same for what a buffer holds. */
void secret_buf_done(struct buf *b);
AUTO_DEFINE_VALUE(struct buf, secret_buf_done)
/* Appends n bytes in base64 (RFC 4648, with padding). */
void base64_write(struct buf *out, struct str bytes);
/* Appends what the text stands for; false when it is no base64. Blanks at the ends and
 * missing padding are fine. */
bool base64_read(struct str text, struct buf *out);
#endif
