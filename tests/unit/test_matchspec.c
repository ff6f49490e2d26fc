/* tests/unit/test_matchspec.c - match specs: what is accepted, refused, and what matches. */
#include "specs/matchspec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	enum matchspec_dialect dialect;
	const char *text, *canonical;
} accepted[] = {
	{MATCHSPEC_USER, "python >= 3.8 , < 3.9", "python[version=\">=3.8,<3.9\"]"},
	{MATCHSPEC_USER, "NumPy=1.26", "numpy[version=\"1.26.*\"]"},
	{MATCHSPEC_USER, "p =1.2", "p[version=\"1.2.*\"]"},
	{MATCHSPEC_USER, "p= 1.2", "p[version=\"1.2.*\"]"},
	{MATCHSPEC_USER, "p==1.2", "p[version=\"==1.2\"]"},
	{MATCHSPEC_USER, "p 1.2", "p[version=\"==1.2\"]"},
	{MATCHSPEC_USER, "p=1.2=b", "p[version=\"==1.2\",build=\"b\"]"},
	{MATCHSPEC_USER, "p==1.2=b", "p[version=\"==1.2\",build=\"b\"]"},
	{MATCHSPEC_USER, "p 1.2 b", "p[version=\"==1.2\",build=\"b\"]"},
	{MATCHSPEC_USER, "p 1.2=b", "p[version=\"==1.2\",build=\"b\"]"},
	{MATCHSPEC_USER, "p =1.2 b", "p[version=\"1.2.*\",build=\"b\"]"},
	{MATCHSPEC_RECORD, "p =1.2 b", "p[version=\"==1.2\",build=\"b\"]"},
	{MATCHSPEC_USER, "p=1.2.*=b", "p[version=\"1.2.*\",build=\"b\"]"},
	{MATCHSPEC_USER, "p=1.0,1.1", "p[version=\"1.0.*,==1.1\"]"},
	{MATCHSPEC_USER, "p=1.2=", "p[version=\"1.2.*\"]"},
	{MATCHSPEC_USER, "python 3.8|3.9", "python[version=\"==3.8|==3.9\"]"},
	{MATCHSPEC_USER, "numpy 1.11*|1.12*,!=1.12.1", "numpy[version=\"1.11.*|1.12.*,!=1.12.1\"]"},
	{MATCHSPEC_USER, "p (>=3.8|<3),!=3.9", "p[version=\"(>=3.8|<3),!=3.9\"]"},
	{MATCHSPEC_USER, "p <1|>=2,<3|(4|5),!=5.1", "p[version=\"<1|>=2,<3|(==4|==5),!=5.1\"]"},
	{MATCHSPEC_USER, "p>=3.8|<2.8 py*", "p[version=\">=3.8|<2.8\",build=\"py*\"]"},
	{MATCHSPEC_USER, "p>=1.0,<2=py_0", "p[version=\">=1.0,<2\",build=\"py_0\"]"},
	{MATCHSPEC_USER, "p * py39*", "p[build=\"py39*\"]"},
	{MATCHSPEC_USER, "p=*=py39*", "p[build=\"py39*\"]"},
	{MATCHSPEC_USER, "python=3.8=*_cpython", "python[version=\"==3.8\",build=\"*_cpython\"]"},
	{MATCHSPEC_USER, "jpeg >=9e,<10a", "jpeg[version=\">=9e,<10a\"]"},
	{MATCHSPEC_USER, "foo =2.*,>=0.4.1", "foo[version=\"2.*,>=0.4.1\"]"},
	{MATCHSPEC_USER, "mkl 2023.*.*", "mkl[version=\"2023.*\"]"},
	{MATCHSPEC_USER, "pillow ==9.*.*", "pillow[version=\"9.*\"]"},
	{MATCHSPEC_USER, "foo >=2.*.*", "foo[version=\">=2\"]"},
	{MATCHSPEC_USER, "foo >2.10*", "foo[version=\">=2.10\"]"},
	{MATCHSPEC_USER, "p 1!2.0", "p[version=\"==1!2.0\"]"},
	{MATCHSPEC_USER, "p>=1!2.0", "p[version=\">=1!2.0\"]"},
	{MATCHSPEC_USER, "p 1.0+local", "p[version=\"==1.0+local\"]"},
	{MATCHSPEC_USER, "p>1.0.1_", "p[version=\">1.0.1_\"]"},
	{MATCHSPEC_USER, "p 1.0a*", "p[version=\"1.0a.*\"]"},
	{MATCHSPEC_USER, "p 3.*.1", "p[version=\"3.*.1\"]"},
	{MATCHSPEC_USER, "p ^3.*$", "p[version=\"^3.*$\"]"},
	{MATCHSPEC_USER, "p[version=>=1.0]", "p[version=\">=1.0\"]"},
	{MATCHSPEC_USER, "p[version='>=1', build='*cuda*']", "p[version=\">=1\",build=\"*cuda*\"]"},
	{MATCHSPEC_USER, "p 1.0[build=x]", "p[version=\"==1.0\",build=\"x\"]"},
	{MATCHSPEC_USER, "p[build='^.*_[0-3]$']", "p[build=\"^.*_[0-3]$\"]"},
	{MATCHSPEC_USER, "conda-forge/linux-64::p",
	 "p[channel=\"conda-forge\",subdir=\"linux-64\"]"},
	{MATCHSPEC_USER, "https://h.example/c/linux-64::p",
	 "p[channel=\"https://h.example/c\",subdir=\"linux-64\"]"},
	{MATCHSPEC_USER, "c/linux-64/linux-64::p",
	 "p[channel=\"c/linux-64/linux-64\",subdir=\"linux-64\"]"},
	{MATCHSPEC_USER, "conda-forge/label/dev::p", "p[channel=\"conda-forge/label/dev\"]"},
	{MATCHSPEC_USER, "file:///x/chan::p", "p[channel=\"file:///x/chan\"]"},
	{MATCHSPEC_USER, "conda-forge:: p", "p[channel=\"conda-forge\"]"},
	{MATCHSPEC_USER, "::p", "p"},
	{MATCHSPEC_USER, ":p", "p"},
	{MATCHSPEC_USER, "p # note", "p"},
	{MATCHSPEC_USER, "p[]", "p"},
	{MATCHSPEC_USER, "__glibc >=2.17", "__glibc[version=\">=2.17\"]"},
	{MATCHSPEC_USER, "_libgcc_mutex", "_libgcc_mutex"},
	{MATCHSPEC_USER, "p\t1.0", "p[version=\"==1.0\"]"},
	{MATCHSPEC_USER, "p[build_number='>=3']", "p[build_number=\">=3\"]"},
	{MATCHSPEC_USER, "p[build_number=3]", "p[build_number=\"==3\"]"},
	{MATCHSPEC_USER, "p 01.00.0RC", "p[version=\"==1.0.0rc\"]"},
	{MATCHSPEC_USER, "p >=2023.01,<2023.10", "p[version=\">=2023.1,<2023.10\"]"},
	{MATCHSPEC_USER, "p ==1.2.*", "p[version=\"1.2.*\"]"},
	{MATCHSPEC_USER, "p==1.2.*,!=1.2.3", "p[version=\"1.2.*,!=1.2.3\"]"},
	{MATCHSPEC_USER, "p ==1.2.* b", "p[version=\"==1.2\",build=\"b\"]"},
	{MATCHSPEC_USER, "p[version='==1.2.*']", "p[version=\"==1.2\"]"},
	{MATCHSPEC_USER, "p !=1.*.*", "p[version=\"!=1.*\"]"},
	{MATCHSPEC_USER, "p *.*", "p"},
	{MATCHSPEC_USER, "p[build='^py\\.x$']", "p[build='^py\\.x$']"},
	{MATCHSPEC_USER, "p[license=\"a\\\"b\"]", "p[license='a\"b']"},
	{MATCHSPEC_USER, "p[license='a\\\\']", "p[license='a\\\\']"},
	{MATCHSPEC_USER, "https://h.example//noarch::p",
	 "p[channel=\"https://h.example\",subdir=\"noarch\"]"},
	{MATCHSPEC_USER, "c/linux-x::p", "p[channel=\"c/linux-x\"]"},
	{MATCHSPEC_USER, "https://u:pw@h.example/t/SECRET/c::p",
	 "p[channel=\"https://h.example/c\"]"},
	{MATCHSPEC_USER, "p[url='https://u:pw@h.example/p-1-0.conda']",
	 "p[url=\"https://h.example/p-1-0.conda\"]"},
	{MATCHSPEC_USER, "https://h.example/t/SECRET/::p", "p[channel=\"https://h.example\"]"},
	{MATCHSPEC_USER, "https://h.example/noarch/t/SECRET::p",
	 "p[channel=\"https://h.example\",subdir=\"noarch\"]"},
	{MATCHSPEC_USER, "https://h:8/c::p", "p[channel=\"https://h:8/c\"]"},
	{MATCHSPEC_USER, "p ^1.*$#'", "p[version=\"^1.*$\"]"},
	{MATCHSPEC_USER, "p[version=1,version=2]", "p[version=\"==2\"]"},
	{MATCHSPEC_USER, "https://u:pw@h.example/t/SECRET/c/noarch/p-1-0.conda",
	 "p[url=\"https://h.example/c/noarch/p-1-0.conda\"]"},
};

static void accepted_specs_have_one_canonical_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(accepted); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		AUTO(buf_done) struct buf again = BUF(1 << 20);
		struct matchspec m;
		if (matchspec_parse(&a, str_of(accepted[i].text), accepted[i].dialect, &m, &e) < 0)
			fail_msg("%s: %s", accepted[i].text, e->text);
		matchspec_canonical(&m, &text);
		if (strcmp(text.data, accepted[i].canonical) != 0)
			fail_msg("%s gives %s", accepted[i].text, text.data);
		if (matchspec_parse(&a, buf_str(&text), MATCHSPEC_USER, &m, &e) < 0)
			fail_msg("%s: %s", text.data, e->text);
		matchspec_canonical(&m, &again);
		assert_string_equal(again.data, text.data);
	}
}

static const struct {
	const char *text;
	unsigned column;
} refused[] = {
	{"", 1},
	{"# x", 1},
	{"p[foo=1]", 3},
	{"p[size=3]", 3},
	{"p[optional]", 3},
	{"p[version=]", 3},
	{"p[version='1.0]", 0},
	{"p[=1]", 0},
	{"p[version=1.0,]", 0},
	{"p[version=1][build=0]", 13},
	{"p[sha256=abc]", 10},
	{"p[build_number='>1,<3']", 0},
	{"p[VERSION=1]", 3},
	{"p[", 2},
	{"p]", 2},
	{"p==", 0},
	{"p>=", 0},
	{"p ===1", 3},
	{"p ><1", 3},
	{"p <>1", 3},
	{"p =>1", 3},
	{"p <=!1", 0},
	{"p !==1", 3},
	{"p ~1", 3},
	{"p ^1", 3},
	{"p !3.8", 3},
	{"p 1.0,", 0},
	{"p ,1.0", 3},
	{"p 1.0|", 0},
	{"p (1.0", 0},
	{"p ()", 4},
	{"p >=1,,<2", 7},
	{"p 1.0.", 3},
	{"p 1..0", 3},
	{"p !=*", 0},
	{"p >*", 0},
	{"p/1.0", 2},
	{"p@1.0", 2},
	{"@mkl", 1},
	{"p$", 2},
	{"foo+bar", 4},
	{"p>=3.8 <3.9", 8},
	{"p=", 0},
	{"https://h.example/p.zip", 0},
	{"ray[default,data] >=2.9", 0},
	{"p 1.0)", 6},
	{"p >=1; linux", 0},
	{"*", 1},
	{"-p", 1},
	{"p 1.0 0 extra", 8},
	{"libblas=[build=*mkl]", 0},
	{"p[build_number='=3']", 17},
	{"p .*", 3},
	{"p 3.*.1.", 3},
	{"p 3.*./", 3},
	{"p =1:q", 2},
	{"c:d::q", 2},
	{"https://://c::p", 9},
	{"p[license=a'b']", 12},
	{"p <3.*.1", 4},
	{"p ^1.*", 3},
	{"p ^1($", 3},
	{"p[build='^($']", 10},
	{"p[build='^a**$']", 10},
	{"p[build='^a+++$']", 10},
	{"p[build='^a{100}$']", 10},
	{"p[build='^a{1}b{1}c{1}$']", 10},
	{"p[build='^(((((a)))))$']", 10},
	{"p[build='^(a)\\1$']", 10},
	{"p[build='^(?=a)$']", 10},
	{"p[build='^[\\d]$']", 10},
	{"p[build='^[ab$']", 10},
	{"p[build='^a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*$']", 10},
	{"https://::p", 6},
	{"p[channel='https://u:p@']", 12},
	{"p\x01", 2},
	{"p\n1", 2},
	{"p[md5=0]", 7},
	{"p[when='x']", 9},
	{"p[build=]", 3},
	{"p x/y", 3},
	{"https://h.example/p.conda", 19},
};

static void wrong_specs_are_refused_with_their_column(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		AUTO(err_free) struct err *e = NULL;
		struct matchspec m;
		if (matchspec_parse(&a, str_of(refused[i].text), MATCHSPEC_USER, &m, &e) !=
		    ERR_SYNTAX)
			fail_msg("\"%s\" should be refused", refused[i].text);
		unsigned column = (unsigned)strtoul(e->text + strlen("column "), NULL, 10);
		if (column == 0 || (refused[i].column && column != refused[i].column))
			fail_msg("\"%s\": %s", refused[i].text, e->text);
	}
}

static void make_record(struct arena *a, const char *version, const char *build, struct record *r)
{
	*r = (struct record){.name = STR("p"),
			     .version_text = str_of(version),
			     .build = str_of(build),
			     .build_number = 3,
			     .channel = STR("https://h.example/conda-forge"),
			     .subdir = STR("linux-64"),
			     .fn = STR("p-1.0-py311_3.conda"),
			     .track_features = STR("one two"),
			     .license = STR("MIT")};
	assert_int_equal(version_parse(a, r->version_text, &r->version, NULL), 0);
}

static const struct {
	const char *spec, *version, *build;
	bool match;
} matches[] = {
	{"p", "1.0", "py311_3", true},
	{"q", "1.0", "py311_3", false},
	{"p 1.0.*", "1.0.5", "py311_3", true},
	{"p 1.0", "1.0.0", "py311_3", true},
	{"p !=1.0.*", "1.0.5", "py311_3", false},
	{"p >=1,<2", "2.0", "py311_3", false},
	{"p <1|>=2,<3", "2.5", "py311_3", true},
	{"p ~=1.4.5", "1.4.9", "py311_3", true},
	{"p 3.*.1", "3.7.1", "py311_3", true},
	{"p 3.*.1", "3.7.2", "py311_3", false},
	{"p ^1\\.[0-4]$", "1.4", "py311_3", true},
	{"p * PY311*", "1.0", "py311_3", true},
	{"p * py310*", "1.0", "py311_3", false},
	{"p[build='^py3.*_3$']", "1.0", "py311_3", true},
	{"p[build_number=3]", "1.0", "py311_3", true},
	{"p[build_number='<3']", "1.0", "py311_3", false},
	{"conda-forge::p", "1.0", "py311_3", true},
	{"forge::p", "1.0", "py311_3", false},
	{"https://h.example/conda-forge/linux-64::p", "1.0", "py311_3", true},
	{"conda-forge/noarch::p", "1.0", "py311_3", false},
	{"p[fn=p-1.0-py311_3.conda]", "1.0", "py311_3", true},
	{"p[track_features='two']", "1.0", "py311_3", true},
	{"p[track_features='three']", "1.0", "py311_3", false},
	{"p[license=mit]", "1.0", "py311_3", true},
	{"p[md5=00000000000000000000000000000000]", "1.0", "py311_3", false},
	{"p[sha256=0000000000000000000000000000000000000000000000000000000000000000]", "1.0",
	 "py311_3", false},
	{"https://u:p@h.example/t/tk/conda-forge::p", "1.0", "py311_3", true},
	{"p[url='https://h.example/p-1.0-0.conda']", "1.0", "py311_3", false},
	{"p[license_family=BSD]", "1.0", "py311_3", false},
	{"p[build='^py\\d+_[^4]$']", "1.0", "py311_3", true},
	{"p[build='^py\\D+_3$']", "1.0", "py311_3", false},
	{"p[build='^(?:py|np)3{1,2}1{2}_3$']", "1.0", "py311_3", true},
	{"p[build='^py311.3$']", "1.0", "PY311_3", true},
	{"p[build='^py311\\.3$']", "1.0", "py311_3", false},
	{"p[build='^py[]3]1*_3$']", "1.0", "py311_3", true},
	{"p[build_number='!=3']", "1.0", "py311_3", false},
	{"p[build_number='<=3']", "1.0", "py311_3", true},
	{"p[build_number='>3']", "1.0", "py311_3", false},
	{"p[build_number='>=3']", "1.0", "py311_3", true},
	{"p !=3.*.1", "3.7.1", "py311_3", false},
	{"p <=1.0", "1.0", "py311_3", true},
	{"p >1.0", "1.0.1", "py311_3", true},
	{"p <1.0", "1.0", "py311_3", false},
	{"p !=1.0", "1.0", "py311_3", false},
};

static void a_spec_matches_what_it_says(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	for (size_t i = 0; i < COUNT(matches); i++) {
		AUTO(err_free) struct err *e = NULL;
		struct matchspec m;
		struct record r;
		make_record(&a, matches[i].version, matches[i].build, &r);
		if (matchspec_parse(&a, str_of(matches[i].spec), MATCHSPEC_USER, &m, &e) < 0)
			fail_msg("%s: %s", matches[i].spec, e->text);
		if (matchspec_matches(&m, &r) != matches[i].match)
			fail_msg("%s against %s %s", matches[i].spec, matches[i].version,
				 matches[i].build);
	}
}

static void a_locked_package_is_judged_by_what_a_lock_tells(void **state)
{
	(void)state;
	static const struct {
		const char *spec;
		bool match;
	} rows[] = {
		{"p", true},
		{"q", false},
		{"p >=1 py*", true},
		{"p >=2", false},
		{"p * py310*", false},
		{"p[build_number=77]", true},
		{"p[license=BSD]", true},
		{"p[track_features=none]", true},
		{"p[md5=00000000000000000000000000000000]", true},
		{"conda-forge::p", true},
		{"other::p", false},
		{"conda-forge/noarch::p", false},
		{"p[fn=p-2-0.conda]", false},
	};
	AUTO(arena_done) struct arena a = ARENA;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct matchspec m;
		struct record r;
		make_record(&a, "1.0", "py311_3", &r);
		assert_int_equal(
			matchspec_parse(&a, str_of(rows[i].spec), MATCHSPEC_USER, &m, NULL), 0);
		if (matchspec_matches_locked(&m, &r) != rows[i].match)
			fail_msg("%s", rows[i].spec);
		r.has_md5 = true;
		r.md5[0] = 1;
		if (m.has_md5 && matchspec_matches_locked(&m, &r))
			fail_msg("%s against another digest", rows[i].spec);
	}
}

static void a_search_may_hold_a_pattern_for_the_name(void **state)
{
	(void)state;
	AUTO(arena_done) struct arena a = ARENA;
	struct matchspec m;
	struct record r;
	make_record(&a, "1.0", "0", &r);
	r.name = STR("numpy-base");
	assert_int_equal(matchspec_parse(&a, STR("numpy*"), MATCHSPEC_SEARCH, &m, NULL), 0);
	assert_true(matchspec_matches(&m, &r));
	assert_int_equal(matchspec_parse(&a, STR("*"), MATCHSPEC_SEARCH, &m, NULL), 0);
	assert_true(matchspec_matches(&m, &r));
	assert_int_equal(matchspec_parse(&a, STR("numpy*"), MATCHSPEC_USER, &m, NULL), ERR_SYNTAX);
}

static void versions_alone_decide_or_not(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool alone;
	} rows[] = {
		{"p", true},
		{"p >=1,<2|3.*", true},
		{"p 1.* py*", false},
		{"p >=1,3.*.1", false},
		{"p[build_number=3]", false},
		{"c::p", false},
		{"p[license=MIT]", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct matchspec m;
		assert_int_equal(
			matchspec_parse(&a, str_of(rows[i].text), MATCHSPEC_RECORD, &m, NULL), 0);
		assert_int_equal(matchspec_is_version_only(&m), rows[i].alone);
	}
}

static void is_shown_as_a_person_writes_it(void **state)
{
	(void)state;
	static const struct {
		const char *spec, *shown;
	} rows[] = {
		{"p", "p"},
		{"NumPy>=1.26,<2", "numpy >=1.26,<2"},
		{"p=3.11=*_cpython", "p ==3.11 *_cpython"},
		{"p[build=b]", "p * b"},
		{"p[build_number=3]", "p[build_number=\"==3\"]"},
		{"c::p 1", "p[version=\"==1\",channel=\"c\"]"},
	};
	AUTO(arena_done) struct arena a = ARENA;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf text = BUF(4096);
		struct matchspec m;
		assert_int_equal(
			matchspec_parse(&a, str_of(rows[i].spec), MATCHSPEC_USER, &m, NULL), 0);
		matchspec_display(&m, &text);
		assert_string_equal(text.data, rows[i].shown);
	}
}

static bool bound_holds(const struct matchspec_bound *b, const struct version *v, struct arena *a)
{
	const struct version *bound;

	assert_int_equal(version_parse(a, b->version, &bound, NULL), 0);
	int order = version_compare(v, bound);
	return b->keeps & (order < 0   ? MATCHSPEC_LESS
			   : order > 0 ? MATCHSPEC_GREATER
				       : MATCHSPEC_EQUAL);
}

static void simple_specs_mean_the_same_read_either_way(void **state)
{
	static const char *const texts[] = {
		"p",	       "p >=1.2",	 "p >1.2",	   "p <1.2",	    "p <=1.2",
		"p ==1.2",     "p >=1.2,<1.3",	 "p >=1.2,<2.0a0", "_p-q.r >=1,<2", "p >1.2,<=1.3",
		"p ==1.2,<=9", "p <1.3,>=1.2.0", "p >=1.2.0rc1",   "p 1.2",	    "p 1.2.0",
		"p 1.2,<=2",
	};
	static const char *const versions[] = {"1.1", "1.2",   "1.2.0", "1.2.0rc1", "1.2.1",
					       "1.3", "2.0a0", "2.0",	"2.0a1",    "1"};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO(arena_done) struct arena a = ARENA;
		struct matchspec_simple simple;
		struct matchspec m;
		assert_true(matchspec_read_simple(str_of(texts[i]), &simple));
		assert_int_equal(matchspec_parse(&a, str_of(texts[i]), MATCHSPEC_RECORD, &m, NULL),
				 0);
		assert_true(str_eq(m.name, simple.name) && matchspec_is_version_only(&m));
		for (size_t k = 0; k < COUNT(versions); k++) {
			struct record r;
			bool all = true;
			make_record(&a, versions[k], "0", &r);
			for (size_t j = 0; j < simple.count; j++)
				all = all && bound_holds(&simple.bounds[j], r.version, &a);
			assert_int_equal(all, matchspec_matches_version(&m, &r));
		}
	}
}

static void what_is_not_simple_is_left_to_the_reader(void **state)
{
	static const char *const texts[] = {
		"",	     "P >=1",	"p>=1",	    "p  >=1",  "p =1.2",    "p 1.2.*",
		"p >=1.*",   "p >=1,",	"p >=",	    "p >=1 0", "p >=1|<2",  "p >=1,<2,!=1.5",
		"p !=1",     "p ~=1.2", "p >=1.2,", "p ",      "c::p",	    "p[build=0]",
		"p >=1.2-3", "-p",	".p",	    "p >=a",   "p >=1 *_x", "p ===1",
		"p >=1!2",   "p <>1",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct matchspec_simple simple;
		if (matchspec_read_simple(str_of(texts[i]), &simple))
			fail_msg("taken as simple: %s", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_alone_decide_or_not),
		cmocka_unit_test(simple_specs_mean_the_same_read_either_way),
		cmocka_unit_test(what_is_not_simple_is_left_to_the_reader),
		cmocka_unit_test(accepted_specs_have_one_canonical_text),
		cmocka_unit_test(wrong_specs_are_refused_with_their_column),
		cmocka_unit_test(a_spec_matches_what_it_says),
		cmocka_unit_test(is_shown_as_a_person_writes_it),
		cmocka_unit_test(a_locked_package_is_judged_by_what_a_lock_tells),
		cmocka_unit_test(a_search_may_hold_a_pattern_for_the_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
