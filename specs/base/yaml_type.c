/* specs/base/yaml_type.c - types of plain scalars in YAML 1.1, and how PyYAML writes their values.
 */
#include "specs/base/yaml_type.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <strings.h>

#define INT_60 "[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+"
#define ZONE "([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?"
#define CLOCK "[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\\.[0-9]*)?"

static const struct {
	enum yaml_type type;
	const char *expression; /* of the whole text */
} rows[] = {
	{YAML_TYPE_NULL, "|~|null|Null|NULL"},
	{YAML_TYPE_BOOL, "yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|"
			 "OFF"},
	{YAML_TYPE_FLOAT, "[-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?|"
			  "\\.[0-9][0-9_]*([eE][-+][0-9]+)?|"
			  "[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*|"
			  "[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)"},
	{YAML_TYPE_INT, "[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|"
			"[-+]?0x[0-9a-fA-F_]+|" INT_60},
	{YAML_TYPE_TIME, "[0-9]{4}-[0-9]{2}-[0-9]{2}|"
			 "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)" CLOCK ZONE},
	{YAML_TYPE_SYNTAX, "<<|="},
};

void yaml_types_open(struct yaml_types *t)
{
	t->rows = mem_zero(COUNT(rows), sizeof(*t->rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf whole = BUF(4096);
		buf_printf(&whole, "^(%s)$", rows[i].expression);
		if (regcomp(&t->rows[i], whole.data, REG_EXTENDED | REG_NOSUB) != 0)
			abort();
	}
}

void yaml_types_close(struct yaml_types *t)
{
	for (size_t i = 0; t->rows && i < COUNT(rows); i++)
		regfree(&t->rows[i]);
	free(STEAL(&t->rows));
}

enum yaml_type yaml_type_of(const struct yaml_types *t, struct str text)
{
	AUTO(buf_done) struct buf ended = BUF(BUF_UNLIMITED);
	if (text.n && memchr(text.p, 0, text.n))
		return YAML_TYPE_TEXT;
	buf_add_str(&ended, text);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (regexec(&t->rows[i], ended.data, 0, NULL, 0) == 0)
			return rows[i].type;
	return YAML_TYPE_TEXT;
}

enum yaml_type yaml_node_type(const struct yaml_node *scalar)
{
	AUTO(yaml_types_close) struct yaml_types types = {0};
	if (!scalar->plain)
		return YAML_TYPE_TEXT;
	yaml_types_open(&types);
	return yaml_type_of(&types, scalar->text);
}

/* ---- numbers ---- */

static void put_bool(const char *text, struct buf *out)
{
	char c = (char)tolower(text[0]), second = (char)tolower(text[1]);
	bool set = c == 'y' || c == 't' || (c == 'o' && second == 'n');
	buf_add_text(out, set ? "true" : "false");
}

static int too_large(const char *text, struct err **e)
{
	return err_set(e, ERR_SYNTAX, "%.40s is too large a number", text);
}

/* "1:30" is 90: base 60, as times and angles are written. */
static int read_60(const char *text, uint64_t *out, struct err **e)
{
	struct str rest = str_of(text), part;
	uint64_t value = 0, digit;
	while (rest.n) {
		str_cut(&rest, ':', &part);
		if (!str_u64(part, &digit) || __builtin_mul_overflow(value, 60, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return too_large(text, e);
	}
	*out = value;
	return 0;
}

static int put_int(const char *text, struct buf *out, struct err **e)
{
	const char *sign = *text == '-' ? "-" : "";
	uint64_t value = 0;
	text += *text == '-' || *text == '+';
	if (strchr(text, ':')) {
		if (read_60(text, &value, e) < 0)
			return ERR_SYNTAX;
	} else if (text[0] != '0') { /* of any size */
		buf_printf(out, "%s%s", sign, text);
		return 0;
	} else {
		int base = text[1] == 'b' ? 2 : text[1] == 'x' ? 16 : 8;
		errno = 0;
		value = strtoull(text + (base == 8 ? 0 : 2), NULL, base);
		if (errno)
			return too_large(text, e);
	}
	buf_printf(out, "%s%" PRIu64, value ? sign : "", value);
	return 0;
}

/* Python's repr: the fewest digits that read back to the same number, and an exponent only below
 * 1e-4 and from 1e16 on. */
static void put_double(double value, struct buf *out)
{
	char text[64];
	int precision = 0;
	do {
		snprintf(text, sizeof(text), "%.*e", precision, value);
	} while (strtod(text, NULL) != value && ++precision < 17);
	char *mark = strchr(text, 'e');
	int exponent = atoi(mark + 1);
	if (exponent >= -4 && exponent < 16) {
		int decimals = precision - exponent;
		buf_printf(out, "%.*f", decimals > 1 ? decimals : 1, value);
		return;
	}
	*mark = 0;
	buf_printf(out, "%s%se%c%02d", text, strchr(text, '.') ? "" : ".0",
		   exponent < 0 ? '-' : '+', abs(exponent));
}

static double read_60_float(const char *text)
{
	double value = 0;
	struct str rest = str_of(text), part;
	while (rest.n) {
		str_cut(&rest, ':', &part);
		value = value * 60 + strtod(part.p, NULL);
	}
	return value;
}

static void put_float(const char *text, struct buf *out)
{
	double sign = *text == '-' ? -1 : 1;
	text += *text == '-' || *text == '+';
	if (strcasecmp(text, ".nan") == 0) {
		buf_add_text(out, ".nan");
		return;
	}
	double value = strcasecmp(text, ".inf") == 0 ? HUGE_VAL
		       : strchr(text, ':')	     ? read_60_float(text)
						     : strtod(text, NULL);
	if (isinf(value))
		buf_add_text(out, sign < 0 ? "-.inf" : ".inf");
	else
		put_double(sign * value, out);
}

/* ---- moments ---- */

struct moment_text {
	int year, month, day, hour, minute, second;
	char fraction[7]; /* six digits, or empty */
	char zone[8];	  /* "+02:00", or empty */
};

static bool is_day(const struct moment_text *m)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = m->year % 4 == 0 && (m->year % 100 || m->year % 400 == 0);
	return m->year > 0 && m->month >= 1 && m->month <= 12 && m->day >= 1 &&
	       m->day <= days[m->month - 1] + (leap && m->month == 2);
}

static bool read_zone(const char *text, struct moment_text *m)
{
	unsigned hours = 0, minutes = 0;
	text += strspn(text, " \t");
	if (*text == 0)
		return true;
	if (*text != 'Z' && sscanf(text + 1, "%2u:%2u", &hours, &minutes) < 1)
		return false;
	bool minus = *text == '-' && hours + minutes > 0;
	snprintf(m->zone, sizeof(m->zone), "%c%02u:%02u", minus ? '-' : '+', hours % 100,
		 minutes % 100);
	return hours < 24 && minutes < 60;
}

static bool read_fraction(const char **at, struct moment_text *m)
{
	if (**at != '.')
		return true;
	size_t n = strspn(++*at, "0123456789");
	memset(m->fraction, '0', 6);
	memcpy(m->fraction, *at, n < 6 ? n : 6);
	if (strcmp(m->fraction, "000000") == 0)
		m->fraction[0] = 0;
	*at += n;
	return true;
}

static int put_time(const char *text, struct buf *out, struct err **e)
{
	struct moment_text m = {0};
	int used = 0;
	bool fine = sscanf(text, "%d-%d-%d%n", &m.year, &m.month, &m.day, &used) == 3 && is_day(&m);
	const char *at = text + used;
	bool clock = *at != 0;
	if (clock) {
		at += strspn(at, "tT \t");
		fine = fine && sscanf(at, "%d:%d:%d%n", &m.hour, &m.minute, &m.second, &used) == 3;
		at += used;
		fine = fine && m.hour < 24 && m.minute < 60 && m.second < 60 &&
		       read_fraction(&at, &m) && read_zone(at, &m);
	}
	if (!fine)
		return err_set(e, ERR_SYNTAX, "%.60s is no date or moment; quotes make it text",
			       text);
	buf_printf(out, "%04d-%02d-%02d", m.year, m.month, m.day);
	if (clock)
		buf_printf(out, " %02d:%02d:%02d%s%s%s", m.hour, m.minute, m.second,
			   m.fraction[0] ? "." : "", m.fraction, m.zone);
	return 0;
}

/* ---- all ---- */

static void add_without(struct buf *to, struct str text, char c)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != c)
			buf_add_char(to, text.p[i]);
}

int yaml_type_write(enum yaml_type type, struct str text, struct buf *out, struct err **e)
{
	AUTO(buf_done) struct buf digits = BUF(BUF_UNLIMITED);
	bool number = type == YAML_TYPE_INT || type == YAML_TYPE_FLOAT;
	add_without(&digits, text, number ? '_' : 0);
	switch (type) {
	case YAML_TYPE_NULL:
		buf_add_text(out, "null");
		return 0;
	case YAML_TYPE_BOOL:
		put_bool(digits.data, out);
		return 0;
	case YAML_TYPE_INT:
		return put_int(digits.data, out, e);
	case YAML_TYPE_FLOAT:
		put_float(digits.data, out);
		return 0;
	case YAML_TYPE_TIME:
		return put_time(digits.data, out, e);
	default:
		return err_set(e, ERR_SYNTAX, "\"%.*s\" is no value; quotes make it text",
			       STR_ARG(text));
	}
}
