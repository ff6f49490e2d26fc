/* tests/unit/test_definition_forms.c - v1 folders and v2 YAML: read, written back, refused, hashed.
 * The samples in tests/cases/azureml were written by azureml-core and azure-ai-ml. */
#include "specs/base/fs.h"
#include "specs/base/json.h"
#include "specs/base/yaml_dump.h"
#include "specs/context.h"
#include "specs/key.h"
#include "tests/unit/warnings.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CASES "tests/cases/azureml/"

static int new_folder(void **state)
{
	char *folder = NULL;
	if (fs_temp_dir("/tmp", &folder, NULL) < 0)
		return -1;
	*state = folder;
	return 0;
}

static int folder_gone(void **state)
{
	int status = fs_remove(*state, NULL);
	free(*state);
	return status;
}

static void put(const char *folder, const char *name, const char *text)
{
	AUTO(free) char *path = fs_join(folder, name);
	AUTO(err_free) struct err *e = NULL;
	if (fs_write(path, str_of(text), 0644, &e) < 0)
		fail_msg("%s", e->text);
}

static void read_file(const char *folder, const char *name, struct buf *out)
{
	AUTO(free) char *path = fs_join(folder, name);
	buf_clear(out);
	if (fs_read(path, out, NULL) < 0)
		buf_clear(out);
}

static void read_or_fail(const char *path, struct definition *out)
{
	AUTO(err_free) struct err *e = NULL;
	if (definition_read(path, NULL, out, &e) < 0) {
		AUTO(free) char *line = err_line(e);
		fail_msg("%s", line);
	}
}

/* ---- v1 ---- */

static void same_file(const char *left, const char *right, const char *name)
{
	AUTO(buf_done) struct buf want = BUF(1 << 20);
	AUTO(buf_done) struct buf got = BUF(1 << 20);
	read_file(left, name, &want);
	read_file(right, name, &got);
	if (!str_eq(buf_str(&want), buf_str(&got)))
		fail_msg("%s/%s: %s", left, name, got.data);
}

static void writes_what_it_has_read_to_the_byte(void **state)
{
	static const char *const files[] = {"azureml_environment.json", "conda_dependencies.yml",
					    "BaseDockerfile"};
	glob_t found;
	assert_int_equal(glob(CASES "v1-*-*", GLOB_ONLYDIR, NULL, &found), 0);
	size_t checked = 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		AUTO(free) char *to = fs_join(*state, "saved");
		const char *from = found.gl_pathv[i];
		struct stat st;
		if (stat(from, &st) < 0 || !S_ISDIR(st.st_mode))
			continue;
		read_or_fail(from, &d);
		assert_int_equal(d.form, DEFINITION_V1);
		/* Over the last one: its files must go. */
		assert_int_equal(definition_write_v1(&d, to, true, NULL), 0);
		for (size_t k = 0; k < COUNT(files); k++)
			same_file(from, to, files[k]);
		checked++;
	}
	globfree(&found);
	assert_int_equal(checked, 12);
}

/* What 1.61 saves after it has loaded JSON of other releases, in which keys are missing. */
static void fills_in_what_older_releases_did_not_write(void **state)
{
	glob_t found;
	assert_int_equal(glob(CASES "loaded/*.saved.json", 0, NULL, &found), 0);
	assert_true(found.gl_pathc > 8);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		AUTO(buf_done) struct buf want = BUF(1 << 20);
		AUTO(free) char *to = fs_join(*state, "saved");
		AUTO(buf_done) struct buf from = BUF(4096);
		const char *saved = found.gl_pathv[i];
		buf_add(&from, saved, strlen(saved) - strlen(".saved.json"));
		buf_add_text(&from, ".json");
		AUTO(err_free) struct err *e = NULL;
		read_or_fail(from.data, &d);
		if (definition_write_v1(&d, to, true, &e) < 0)
			fail_msg("%s: %s", from.data, e->text);
		read_file(to, "azureml_environment.json", &text);
		assert_int_equal(fs_read(saved, &want, NULL), 0);
		if (!str_eq(buf_str(&text), buf_str(&want)))
			fail_msg("%s: %s", saved, text.data);
	}
	globfree(&found);
}

static void reads_what_a_v1_environment_says(void **state)
{
	(void)state;
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(definition_done) struct definition image = DEFINITION;
	AUTO(definition_done) struct definition steps = DEFINITION;
	AUTO(definition_done) struct definition context = DEFINITION;
	read_or_fail(CASES "v1-02-from-conda-spec", &d);
	assert_true(str_is(d.name, "conda-env"));
	assert_true(
		str_is(d.base, "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1"));
	assert_int_equal(d.spec_count, 4);
	assert_int_equal(d.pip.lines.n, 2);
	assert_int_equal(d.environment_count, 1);
	assert_true(str_is(d.environment[0].name, "EXAMPLE_ENV_VAR"));
	assert_false(d.user_managed);
	read_or_fail(CASES "v1-07-from-docker-image", &image);
	assert_true(image.user_managed && image.spec_count == 0);
	assert_true(str_is(image.interpreter, "python"));
	read_or_fail(CASES "v1-09-from-dockerfile", &steps);
	assert_true(str_is(steps.steps.dockerfile, "FROM ubuntu:22.04\nRUN echo hi\n"));
	assert_int_equal(steps.base.n, 0);
	read_or_fail(CASES "v1-11-from-build-context", &context);
	assert_true(str_is(context.steps.context, "https://github.com/org/repo.git#branch:dir"));
	assert_true(str_is(context.steps.dockerfile_path, "Dockerfile"));
}

static void finds_the_folder_of_a_users_python(void **state)
{
	static const struct {
		const char *python, *folder, *warns;
	} rows[] = {
		{"\"userManagedDependencies\": true, \"interpreterPath\": \"/opt/py/bin/python3\"",
		 "/opt/py/bin", ""},
		{"\"userManagedDependencies\": true, \"interpreterPath\": \"/python\"", "/", ""},
		{"\"userManagedDependencies\": true, \"interpreterPath\": \"python\"", "", ""},
		{"\"userManagedDependencies\": true", "", ""},
		{"\"interpreterPath\": \"/opt/py/bin/python\"", "", ""},
		{"\"userManagedDependencies\": true, \"interpreterPath\": \"bin/python\"", "",
		 "in:1:79: \"interpreterPath\" is kept, and nothing is done with it: the folder of "
		 "an absolute path would stand first in the image's PATH\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		AUTO(buf_done) struct buf text = BUF(4096);
		struct warnings w = WARNINGS;
		buf_printf(&text, "{\"docker\": {}, \"python\": {%s}}", rows[i].python);
		assert_int_equal(definition_read_text(buf_str(&text), "in", NULL, &w.log, &d, NULL),
				 0);
		if (!str_is(definition_interpreter_folder(&d), rows[i].folder))
			fail_msg("%s", rows[i].python);
		assert_string_equal(w.text.data, rows[i].warns);
		buf_done(&w.text);
	}
}

static void names_what_it_does_not_act_on(void **state)
{
	(void)state;
	static const struct {
		const char *path, *says;
	} rows[] = {
		{CASES "v1-01-default", ""},
		{CASES "v1-12-full",
		 CASES "v1-12-full/azureml_environment.json: kept, and nothing is done with: "
		       "docker.arguments, spark.repositories, spark.packages, r, "
		       "inferencingStackVersion\n"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		struct warnings w = WARNINGS;
		assert_int_equal(definition_read(rows[i].path, &w.log, &d, NULL), 0);
		assert_string_equal(w.text.data, rows[i].says);
		buf_done(&w.text);
	}
}

static void keeps_keys_it_does_not_know(void **state)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(free) char *to = fs_join(*state, "saved");
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	struct warnings w = WARNINGS;
	static const char json[] = "{\"name\": \"x\", \"pyhton\": {\"a\": [1, {}]},\n"
				   " \"docker\": {\"baseImage\": \"b\", \"gpu\": true}}";
	assert_int_equal(definition_read_text(STR(json), "in", NULL, &w.log, &d, NULL), 0);
	assert_string_equal(w.text.data,
			    "in:1:15: the key \"pyhton\" is not known; it is kept; did "
			    "you mean \"python\"?\nin:2:31: the key \"gpu\" is not "
			    "known; it is kept\n");
	buf_done(&w.text);
	assert_int_equal(definition_write_v1(&d, to, true, NULL), 0);
	read_file(to, "azureml_environment.json", &text);
	assert_non_null(strstr(text.data, "        },\n        \"gpu\": true\n    },\n"));
	assert_non_null(strstr(text.data,
			       "    \"assetId\": null,\n    \"pyhton\": {\n        \"a\": "
			       "[\n            1,\n            {}\n        ]\n    }\n}"));
	assert_int_equal(definition_write_v1(&d, to, false, NULL), ERR_USAGE);
}

static void azureml_core_saves_no_packages_without_python(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int status;
	} rows[] = {
		{"dependencies: [python]", 0},
		{"dependencies: [a, 'python >=3.8', {pip: [b]}]", 0},
		{"dependencies: ['python[build=x]']", 0},
		{"dependencies: [python-dateutil]", ERR_USAGE},
		{"dependencies: [{pip: [python]}]", ERR_USAGE},
		{"dependencies: []", ERR_USAGE},
		{"name: x\nimage: a", 0},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		AUTO(err_free) struct err *e = NULL;
		if (definition_read_text(str_of(rows[i].text), "in", NULL, NULL, &d, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e->text);
		if (definition_check_python(&d, NULL) != rows[i].status)
			fail_msg("%s", rows[i].text);
	}
}

/* ---- v2 ---- */

static const char *member(const cJSON *of, const char *a, const char *b)
{
	const char *text = json_text(json_object(of, a), b);
	assert_non_null(text);
	return text;
}

static void check_version(const char *folder, const char *text, const char *want)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(err_free) struct err *e = NULL;
	struct digest got;
	int status = definition_read_text(str_of(text), "in", folder, NULL, &d, &e);
	if (status == 0)
		status = definition_anonymous_version(&d, &got, &e);
	if (status < 0)
		fail_msg("%s", e->text);
	if (strcmp(digest_text(&got).hex, want) != 0)
		fail_msg("%s\nhas %s, not %s", text, digest_text(&got).hex, want);
}

static cJSON *read_vectors(void)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	cJSON *doc = NULL;
	read_file(CASES "v2", "vectors.json", &text);
	assert_int_equal(json_parse(buf_str(&text), "vectors", &doc, NULL), 0);
	return doc;
}

/* The text that is hashed. */
static void check_canonical(const cJSON *vector)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	AUTO(buf_done) struct buf canonical = BUF(1 << 20);
	AUTO(yaml_done) struct yaml y = YAML;
	read_file(CASES "v2", vector->string, &text);
	assert_int_equal(yaml_parse(buf_str(&text), "conda", &y, NULL), 0);
	assert_int_equal(yaml_dump(&y, y.root, true, &canonical, NULL), 0);
	assert_string_equal(canonical.data, json_text(vector, "canonical_yaml"));
}

static void names_versions_by_image_and_conda_file_as_the_client(void **state)
{
	(void)state;
	AUTO(json_free) cJSON *doc = read_vectors();
	const char *image = json_text(doc, "image");
	const cJSON *one = NULL;
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	buf_printf(&text, "image: %s\n", image);
	check_version(".", text.data, member(doc, "image_only", "version"));
	cJSON_ArrayForEach(one, json_object(doc, "conda"))
	{
		AUTO(buf_done) struct buf inline_text = BUF(1 << 20);
		AUTO(buf_done) struct buf conda = BUF(1 << 20);
		buf_clear(&text);
		buf_printf(&text, "image: %s\nconda_file: %s\n", image, one->string);
		/* Nobody could install scalars.yml. */
		check_canonical(one);
		if (strcmp(one->string, "scalars.yml") == 0)
			continue;
		check_version(CASES "v2", text.data, json_text(one, "version"));
		read_file(CASES "v2", one->string, &conda);
		buf_printf(&inline_text, "image: %s\nconda_file:\n", image);
		struct str rest = buf_str(&conda), line;
		while (rest.n) {
			str_cut(&rest, '\n', &line);
			buf_printf(&inline_text, "  %.*s\n", STR_ARG(line));
		}
		check_version(".", inline_text.data, json_text(one, "version"));
	}
}

static void names_versions_by_the_build_context_as_the_client(void **state)
{
	AUTO(json_free) cJSON *doc = read_vectors();
	static const struct {
		const char *ignore, *patterns, *key, *more;
	} rows[] = {
		{NULL, NULL, "no dockerfile_path", ""},
		{NULL, NULL, "dockerfile_path=Dockerfile", ", dockerfile_path: Dockerfile"},
		{NULL, NULL, "dockerfile_path=Sub/Dockerfile.gpu (only the string matters)",
		 ", dockerfile_path: Sub/Dockerfile.gpu"},
		{".gitignore", "*.log\n", "with .gitignore containing *.log", ""},
		{".amlignore", "*.txt\n", "with .amlignore containing *.txt (wins over .gitignore)",
		 ""},
	};
	AUTO(buf_done) struct buf command = BUF(4096);
	buf_printf(&command, "cp -r " CASES "v2/context %s/", (const char *)*state);
	assert_int_equal(system(command.data), 0);
	AUTO(free) char *context = fs_join(*state, "context");
	AUTO(free) char *empty = fs_join(context, "empty");
	check_version(*state, "build: {path: context}",
		      member(json_object(doc, "build"), "without the empty directory 'empty'",
			     "version"));
	assert_int_equal(mkdir(empty, 0755), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(buf_done) struct buf text = BUF(4096);
		if (rows[i].ignore)
			put(context, rows[i].ignore, rows[i].patterns);
		buf_printf(&text, "build: {path: context%s}", rows[i].more);
		check_version(*state, text.data,
			      member(json_object(doc, "build"), rows[i].key, "version"));
	}
}

static void saves_v2_with_its_conda_file_inside(void **state)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	put(*state, "conda.yml", "dependencies:\n- python=3.10 # why\n- pip:\n  - a\n");
	put(*state, "env.yml",
	    "# mine\nname: x\nversion: 1.10\ntags: {a: '1', b: 2}\n"
	    "conda_file: conda.yml\nimage: r.example/b:1\n");
	AUTO(free) char *path = fs_join(*state, "env.yml");
	read_or_fail(path, &d);
	assert_true(str_is(d.version, "1.1"));
	assert_int_equal(definition_write_v2(&d, &text, NULL), 0);
	assert_string_equal(text.data,
			    "name: x\nversion: 1.10\ntags:\n  a: '1'\n  b: 2\nconda_file:"
			    "\n  dependencies:\n  - python=3.10\n  - pip:\n    - a\n"
			    "image: r.example/b:1\n");
}

/* ---- all forms ---- */

static const struct {
	const char *text, *says;
} wrong[] = {
	/* v2 */
	{"image: a\nbuild: {path: .}\n",
	 "in:2:8: both \"image\" and \"build\": one of them is the base"},
	{"name: x\nos_type: linux\n",
	 "in:1:1: \"image\" or \"build\" is missing: one of them is the base"},
	{"image: a\nversion: 1\n", "in:2:10: \"version\" without \"name\""},
	{"image: a\nconda: b\n", "in:2:1: the key \"conda\" is not known here"},
	{"image: a\nconda_fil: b\n",
	 "in:2:1: the key \"conda_fil\" is not known here; did you mean \"conda_file\"?"},
	{"image: a\ndependencies: []\n",
	 "in:2:1: \"dependencies\" is a conda file's: put it below \"conda_file\""},
	{"image: a\nchannels: []\n", "in:2:1: \"channels\" is a conda file's"},
	{"image: [a]\n", "in:1:8: \"image\" must be text, not a list"},
	{"image: A B\n", "in:1:8: this is no image: "},
	{"image: ''\n", "in:1:8: \"image\" must not be empty"},
	{"image:\n", "in:1:7: \"image\" must not be empty; leave the key out"},
	{"image: a\nname: 5\n", "in:2:7: \"name\" must be text, not a number"},
	{"image: a\nname: yes\n", "in:2:7: \"name\" must be text, and yes is none without quotes"},
	{"image: a\nname: x\nversion: true\n", "in:3:10: \"version\" must be text or a number"},
	{"image: a\nname: x\nversion: [1]\n", "in:3:10: \"version\" must be text or a number"},
	{"image: a\nos_type: mac\n", "in:2:10: \"os_type\" must be linux or windows, not \"mac\""},
	{"image: a\ntags: [a]\n", "in:2:7: \"tags\" must be a map, not a list"},
	{"image: a\ntags: {a: [b]}\n", "in:2:11: a tag's value must be text, not a list"},
	{"image: a\nconda_file: nowhere.yml\n", "in:2:13: conda_file: "},
	{"image: a\nconda_file: [a]\n",
	 "in:2:13: \"conda_file\" must be a path or a conda file's map, not a list"},
	{"image: a\nconda_file: {dependencies: [a=>1]}\n", "in:2:30: \"a=>1\": "},
	{"image: a\nconda_file: {dependencies: {}}\n",
	 "in:2:28: \"dependencies\" must be a list, not a map"},
	{"build: {}\n", "in:1:8: \"path\" is missing"},
	{"build: {path: nowhere}\n", "in:1:15: there is no folder ./nowhere"},
	{"build: {path: README.md}\n", "in:1:15: ./README.md is a file"},
	{"build: {path: tests, dockerfile_path: /etc/passwd}\n",
	 "in:1:39: /etc/passwd leads out of the build context"},
	{"build: {path: tests, dockerfile_path: a/../../b}\n",
	 "in:1:39: a/../../b leads out of the build context"},
	{"build: {path: tests, dockerfile: x}\n",
	 "in:1:22: the key \"dockerfile\" is not known here"},
	{"image: a\ninference_config: {liveness_route: {port: 1, path: /}}\n",
	 "in:2:19: \"readiness_route\" is missing"},
	{"image: a\ninference_config: {liveness_route: {port: 70000, path: /}}\n",
	 "in:2:43: \"port\" must be a number up to 65535"},
	{"image: a\ninference_config: {liveness_route: {path: /}}\n",
	 "in:2:36: \"port\" is missing"},
	{"image: a\nimage: b\n", "in:2:1: \"image\" stands here twice, first in line 1"},
	/* v1 */
	{"{\"docker\": {\"baseImage\": 5}}", "in:1:26: \"baseImage\" must be text, not a number"},
	{"{\"docker\": {\"baseImage\": \"A B\"}}", "in:1:26: this is no image: "},
	{"{\"docker\": {\"baseImage\": \"a\", \"baseDockerfile\": \"FROM b\"}}",
	 "in:1:26: both \"baseImage\" and \"baseDockerfile\""},
	{"{\"docker\": {\"baseImage\": \"a\",\n \"buildContext\": {\"location\": \"l\"}}}",
	 "in:1:26: both \"baseImage\" and \"buildContext\""},
	{"{\"docker\": {\"buildContext\": {\"locationType\": \"git\"}}}",
	 "in:1:29: \"location\" is missing"},
	{"{\"docker\": {\"buildContext\": {\"location\": \"l\", \"dockerfilePath\": \"../D\"}}}",
	 "in:1:65: ../D leads out of the build context"},
	{"{\"docker\": {\"platform\": {\"os\": \"BeOS\"}}}",
	 "in:1:32: \"os\" must be Linux, Windows or OSX, not \"BeOS\""},
	{"{\"docker\": {\"baseImageRegistry\": {\"username\": \"u\"}}}",
	 "in:1:47: \"username\" without \"password\": a login has both"},
	{"{\"docker\": []}", "in:1:12: "},
	{"docker: {baseImage: a}\n", "in:1:1: these are keys of a v1 environment, which is JSON"},
	{"{\"docker\": {}, \"python\": {\"userManagedDependencies\": \"yes\"}}",
	 "in:1:54: \"userManagedDependencies\" must be true or false, not text"},
	{"{\"docker\": {}, \"environmentVariables\": {\"A=B\": \"1\"}}",
	 "in:1:41: \"A=B\" is no name of a variable: it must not be empty, nor hold ="},
	{"{\"docker\": {}, \"environmentVariables\": [\"A\"]}",
	 "in:1:40: \"environmentVariables\" must be a map, not a list"},
	{"{\"docker\": {}, \"spark\": {\"packages\": [\"a\"]}}",
	 "in:1:39: \"packages\" must be a map, not text"},
	{"{\"docker\": {}, \"docker\": {}}", "in:1:16: \"docker\" stands here twice"},
	{"{\"docker\": {},\n \"name\": x}", "in:2:10: this is no JSON"},
	{"{\"docker\": {}}\nx", "in:2:1: something follows the JSON document"},
	{"{\"name\": \"x\", \"version\": \"1\"}",
	 "in:1:1: this only names an environment and does not say what is in it"},
};

static void says_what_is_wrong_and_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		AUTO(err_free) struct err *e = NULL;
		if (definition_read_text(str_of(wrong[i].text), "in", ".", NULL, &d, &e) !=
		    ERR_SYNTAX)
			fail_msg("accepted: %s", wrong[i].text);
		AUTO(free) char *line = err_line(e);
		if (strncmp(line, wrong[i].says, strlen(wrong[i].says)) != 0)
			fail_msg("says %s, not %s", line, wrong[i].says);
	}
}

/* They are read, shown and saved, and no image is made of them. */
static void says_why_no_image_can_be_made(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"{\"docker\": {\"baseImage\": \"a\", \"baseImageRegistry\": {\"address\": "
		 "\"r.example\""
		 ", \"username\": \"u\", \"password\": \"p\"}}}",
		 "in:1:106: a password in a definition: kiln takes none from there; leave it out "
		 "and "
		 "log in (docker login r.example)"},
		{"{\"docker\": {\"platform\": {\"os\": \"Windows\"}}}",
		 "in:1:32: kiln makes images for Linux, not for Windows"},
		{"{\"docker\": {\"platform\": {\"architecture\": \"riscv\"}}}",
		 "in:1:42: kiln makes no images for \"riscv\", but for amd64, arm64 and ppc64le"},
		{"{\"docker\": {\"buildContext\": {\"locationType\": \"storageAccount\", "
		 "\"location\": "
		 "\"l\"}}}",
		 "in:1:46: the build context is in AzureML's storage"},
		{"{\"docker\": {\"buildContext\": {\"location\": \"https://u:p@h/r.git\"}}}",
		 "in:1:42: a login in the address of a build context"},
		{"{\"docker\": {\"buildContext\": {\"location\": \"l\"}}, "
		 "\"environmentVariables\": "
		 "{\"A\": \"1\"}}",
		 "in:1:29: a build context together with environment variables"},
		{"{\"docker\": {}, \"python\": {\"condaDependencies\": {\"dependencies\": "
		 "[{\"pip\": "
		 "[\"-r other.txt\"]}]}}}",
		 "in:1:75: other.txt: other files cannot be named here"},
		{"image: a\nos_type: Windows\n", "in:2:10: kiln makes images for Linux"},
		{"build: {path: 'https://token@h/r.git'}\n", "in:1:15: a login in the address"},
		{"build: {path: tests}\n", "in:1:8: the build context has no Dockerfile: "},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		AUTO(err_free) struct err *e = NULL;
		if (definition_read_text(str_of(rows[i].text), "in", ".", NULL, &d, &e) < 0)
			fail_msg("%s", e->text);
		if (!str_starts(d.unbuildable, rows[i].says))
			fail_msg("says %.*s, not %s", STR_ARG(d.unbuildable), rows[i].says);
	}
}

static void tells_what_another_form_has_no_place_for(void **state)
{
	static const struct {
		const char *text;
		enum definition_form to;
		const char *says;
	} rows[] = {
		{"{\"environmentVariables\": {\"A\": \"1\"}, \"docker\": {\"baseImage\": \"a\", "
		 "\"shmSize\": \"2g\", \"arguments\": [\"-v\"], \"platform\": {\"os\": \"linux\", "
		 "\"architecture\": \"arm64\"}}, \"more\": 1}",
		 DEFINITION_V2,
		 "in:1:2: the v2 form has no place for \"environmentVariables\": it is left out\n"
		 "in:1:84: the v2 form has no place for \"docker.arguments\": it is left out\n"
		 "in:1:133: the v2 form has no place for \"docker.platform.architecture\": it is "
		 "left out\n"
		 "in:1:160: the v2 form has no place for \"more\": it is left out\n"},
		{"{\"docker\": {\"baseImage\": \"a\"}, \"python\": {\"interpreterPath\": \"/p\", "
		 "\"userManagedDependencies\": true, \"condaDependencies\": {\"dependencies\": "
		 "[\"a\"]}}, \"spark\": {\"repositories\": [\"r\"], \"precachePackages\": true}, "
		 "\"r\": {\"rVersion\": \"4\"}}",
		 DEFINITION_V2,
		 "in:1:43: the v2 form has no place for \"python.interpreterPath\": it is left "
		 "out\n"
		 "in:1:158: the v2 form has no place for \"spark.repositories\": it is left out\n"
		 "in:1:208: the v2 form has no place for \"r\": it is left out\n"
		 "in: the v2 form has no place for the packages of an environment that its user "
		 "manages: they are left out\n"},
		{"{\"name\": \"x\", \"docker\": {\"baseImage\": \"a\"}}", DEFINITION_CONDA,
		 "in:1:26: the conda form has no place for \"docker.baseImage\": it is left out\n"},
		{"name: x\nversion: 1\ndescription: d\ntags: {a: b}\nimage: a\nos_type: linux\n"
		 "inference_config:\n  liveness_route: {port: 1, path: /}\n"
		 "  readiness_route: {port: 1, path: /}\n  scoring_route: {port: 1, path: /}\n",
		 DEFINITION_V1,
		 "in:3:1: the v1 form has no place for \"description\": it is left out\n"
		 "in:4:1: the v1 form has no place for \"tags\": it is left out\n"
		 "in:7:1: the v1 form has no place for \"inference_config\": it is left out\n"},
		{"name: x\nimage: a\n", DEFINITION_CONDA,
		 "in:2:1: the conda form has no place for \"image\": it is left out\n"},
		{"{\"r\": {\"rVersion\": \"4\"}, \"docker\": {}}", DEFINITION_V1, ""},
		{"dependencies: [a]\nname: x\n", DEFINITION_V2, ""},
		/* refused */
		{"image: a\nos_type: Windows\n", DEFINITION_V1,
		 "the v1 form cannot say this: in:2:10: kiln makes images for Linux, not for "
		 "Windows"},
		{"{\"docker\": {\"platform\": {\"os\": \"Windows\"}}}", DEFINITION_V2,
		 "the v2 form cannot say this: in:1:32: kiln makes images for Linux, not for "
		 "Windows"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		AUTO(err_free) struct err *e = NULL;
		struct warnings w = WARNINGS;
		assert_int_equal(
			definition_read_text(str_of(rows[i].text), "in", ".", NULL, &d, &e), 0);
		int status = definition_carry(&d, rows[i].to, &w.log, &e);
		assert_string_equal(status < 0 ? e->text : w.text.data, rows[i].says);
		buf_done(&w.text);
	}
}

static void refuses_what_the_other_form_cannot_name(void **state)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	AUTO(err_free) struct err *e = NULL;
	const char *git = "{\"docker\": {\"buildContext\": {\"locationType\": \"git\", "
			  "\"location\": \"git@h.example:o/r.git\"}}}";
	(void)state;
	assert_int_equal(definition_read_text(str_of(git), "in", ".", NULL, &d, &e), 0);
	assert_int_equal(definition_write_v2(&d, &text, &e), ERR_USAGE);
	assert_non_null(strstr(e->text, "git@h.example:o/r.git: a v2 environment names one"));
}

/* ---- another base ---- */

static void puts_a_definition_on_another_base(void **state)
{
	static const struct {
		const char *text, *wants;
	} rows[] = {
		{"name: x\nbuild: {path: .}\ntags: {a: b}\n",
		 "name: x\nimage: h.example/b:2\ntags:\n  a: b\n"},
		{"image: a\nname: x\n", "image: h.example/b:2\nname: x\n"},
		{"{\"name\": \"x\", \"docker\": {\"shmSize\": \"1g\", \"baseImage\": \"a\", "
		 "\"baseImageRegistry\": {\"address\": \"r.example\"}}}",
		 "1g"},
		{"{\"name\": \"x\", \"docker\": {\"shmSize\": \"1g\", \"buildContext\": "
		 "{\"location\": \"https://h/r.git\", \"locationType\": \"git\"}}}",
		 "1g"},
		{"{\"name\": \"x\", \"docker\": {\"shmSize\": \"1g\", \"baseDockerfile\": "
		 "\"FROM a\"}}",
		 "1g"},
		{"{\"name\": \"x\", \"python\": {}}", "null"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(definition_done) struct definition d = DEFINITION;
		AUTO(definition_done) struct definition again = DEFINITION;
		AUTO(buf_done) struct buf text = BUF(1 << 20);
		AUTO(err_free) struct err *e = NULL;
		assert_int_equal(
			definition_read_text(str_of(rows[i].text), "in", "tests", NULL, &d, NULL),
			0);
		definition_set_base(&d, STR("h.example/b:2"));
		if (d.form == DEFINITION_V2) {
			assert_int_equal(definition_write_v2(&d, &text, NULL), 0);
			assert_string_equal(text.data, rows[i].wants);
			continue;
		}
		assert_int_equal(definition_v1_document(&d, &text, NULL), 0);
		if (definition_read_text(buf_str(&text), "out", NULL, NULL, &again, &e) < 0)
			fail_msg("%s", e->text);
		assert_true(str_is(again.base, "h.example/b:2"));
		assert_int_equal(again.steps.context.n + again.steps.dockerfile.n, 0);
		const struct yaml_node *docker = yaml_get(again.document.root, "docker");
		assert_string_equal(yaml_get(docker, "shmSize")->text.p, rows[i].wants);
		assert_int_equal(yaml_get(yaml_get(docker, "baseImageRegistry"), "address")->kind,
				 YAML_NULL);
	}
}

static void refuses_a_dockerfile_that_is_too_large(void **state)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(err_free) struct err *e = NULL;
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	while (text.n < 101 << 10)
		buf_add_text(&text, "RUN true\n");
	put(*state, "azureml_environment.json",
	    "{\"name\": \"x\", \"docker\": {\"enabled\": true}}");
	put(*state, "BaseDockerfile", text.data);
	assert_int_equal(definition_read(*state, NULL, &d, &e), ERR_SYNTAX);
	if (!strstr(e->text, "azureml_environment.json:1:25: BaseDockerfile is larger than 102400"))
		fail_msg("%s", e->text);
}

static void key_of(const char *text, const char *folder, struct digest *out)
{
	AUTO(definition_done) struct definition d = DEFINITION;
	AUTO(err_free) struct err *e = NULL;
	if (definition_read_text(str_of(text), "in", folder, NULL, &d, &e) < 0)
		fail_msg("%s", e->text);
	assert_int_equal(d.unbuildable.n, 0);
	struct key_input in = {
		.definition = &d, .platform = STR("linux/amd64"), .base_digest = d.base};
	key_digest(&in, out);
}

static void gives_forms_that_mean_the_same_the_same_key(void **state)
{
	static const char conda[] = "name: other\nchannels: [c]\ndependencies:\n- python=3.10\n"
				    "- pip:\n  - a==1\n";
	static const char *const forms[] = {
		"name: x\nimage: b\nconda_file: conda.yml\n",
		"name: y\nversion: 3\nimage: b\ntags: {a: b}\nconda_file:\n  channels: [c]\n"
		"  dependencies: [{pip: [\"a == 1\"]}, python=3.10]\n",
		"{\"name\": \"z\", \"environmentVariables\": {}, \"docker\": {\"baseImage\": "
		"\"b\"}, "
		"\"python\": {\"condaDependencies\": {\"channels\": [\"c\"], \"dependencies\": "
		"[\"python=3.10\", {\"pip\": [\"a==1\"]}]}}}",
		"{\"name\": \"z\", \"docker\": {\"baseImage\": \"b\"}, \"spark\": {\"packages\": "
		"[{\"group\": \"g\"}]}, \"python\": {\"condaDependencies\": {\"channels\": "
		"[\"c\"], "
		"\"dependencies\": [\"python 3.10.*\", {\"pip\": [\"A==1\"]}]}}}",
	};
	AUTO(definition_done) struct definition plain = DEFINITION;
	struct digest want, got;
	put(*state, "conda.yml", conda);
	assert_int_equal(definition_read_text(STR(conda), "in", NULL, NULL, &plain, NULL), 0);
	struct key_input in = {
		.definition = &plain, .platform = STR("linux/amd64"), .base_digest = STR("b")};
	key_digest(&in, &want);
	for (size_t i = 0; i < COUNT(forms); i++) {
		key_of(forms[i], *state, &got);
		if (!digest_eq(&got, &want))
			fail_msg("another key: %s", forms[i]);
	}
}

static void gives_what_changes_the_image_another_key(void **state)
{
	static const char *const different[] = {
		"image: b\n",
		"image: c\n",
		"image: b\nconda_file: {channels: [c], dependencies: [a]}\n",
		"{\"docker\": {\"baseImage\": \"b\"}, \"environmentVariables\": {\"A\": \"1\"}}",
		"{\"docker\": {\"baseImage\": \"b\"}, \"environmentVariables\": {\"A\": \"2\"}}",
		"{\"docker\": {\"baseImage\": \"b\"}, \"python\": {\"userManagedDependencies\": "
		"true}}",
		"{\"docker\": {\"baseImage\": \"b\"}, \"python\": {\"userManagedDependencies\": "
		"true, \"interpreterPath\": \"/opt/py/bin/python\"}}",
		"{\"docker\": {\"baseDockerfile\": \"FROM b\"}}",
		"{\"docker\": {\"baseDockerfile\": \"FROM c\"}}",
		"{\"docker\": {\"buildContext\": {\"location\": \"https://h/r.git\"}}}",
		"{\"docker\": {\"buildContext\": {\"location\": \"https://h/r.git\", "
		"\"dockerfilePath\": \"D\"}}}",
	};
	(void)state;
	struct digest keys[COUNT(different)];
	for (size_t i = 0; i < COUNT(different); i++) {
		key_of(different[i], ".", &keys[i]);
		for (size_t k = 0; k < i; k++)
			if (digest_eq(&keys[i], &keys[k]))
				fail_msg("one key: %s and %s", different[i], different[k]);
	}
}

static int digest_of_folder(const char *path, const char *dockerfile, struct digest *out)
{
	const struct context_folder folder = {.path = path, .dockerfile = str_of(dockerfile)};
	return context_digest(&folder, out, NULL);
}

static void sees_every_change_of_a_context(void **state)
{
	struct digest last, now;
	AUTO(free) char *file = fs_join(*state, "a");
	AUTO(free) char *other = fs_join(*state, "b");
	AUTO(free) char *folder = fs_join(*state, "f");
	put(*state, "a", "1");
	assert_int_equal(digest_of_folder(*state, "Dockerfile", &last), 0);
	for (unsigned change = 0; change < 6; change++) {
		if (change == 0)
			put(*state, "a", "2");
		else if (change == 1)
			assert_int_equal(chmod(file, 0755), 0);
		else if (change == 2)
			assert_int_equal(rename(file, other), 0);
		else if (change == 3)
			assert_int_equal(mkdir(folder, 0755), 0);
		else if (change == 4)
			assert_int_equal(symlink("b", file), 0);
		else
			put(folder, ".gitignore", "*\n");
		assert_int_equal(digest_of_folder(*state, "Dockerfile", &now), 0);
		assert_false(digest_eq(&last, &now));
		last = now;
	}
}

static void sees_of_a_checkout_what_git_knows(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
		bool changes;
	} rows[] = {{"a", 0600, false}, {"a", 0664, false}, {"f", 0700, false},
		    {"f", 0775, false}, {"a", 0700, true},  {"a", 0775, false}};
	const struct context_folder folder = {
		.path = *state, .dockerfile = STR("Dockerfile"), .checkout = true};
	struct digest last, now;
	AUTO(free) char *below = fs_join(*state, "f");
	put(*state, "a", "1");
	assert_int_equal(mkdir(below, 0755), 0);
	assert_int_equal(context_digest(&folder, &last, NULL), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(free) char *path = fs_join(*state, rows[i].name);
		assert_int_equal(chmod(path, rows[i].mode), 0);
		assert_int_equal(context_digest(&folder, &now, NULL), 0);
		assert_int_equal(digest_eq(&last, &now), !rows[i].changes);
		last = now;
	}
}

/* What .dockerignore leaves out reaches no image: it neither changes the key nor has to be
 * readable. */
static void sees_of_a_context_what_is_sent(void **state)
{
	static const struct {
		const char *file;
		bool counts;
	} rows[] = {{"x.log", false}, {"out/deep", false},  {"out/kept", true},
		    {"b", true},      {"Dockerfile", true}, {".dockerignore", true}};
	struct digest last, now;
	AUTO(free) char *out = fs_join(*state, "out");
	AUTO(buf_done) struct buf deep = BUF(4096);
	assert_int_equal(mkdir(out, 0755), 0);
	buf_printf(&deep, "%s/closed", out); /* deeper than is looked: it is not */
	for (unsigned i = 0; i < 70; i++)
		buf_add_text(&deep, "/d");
	assert_int_equal(fs_make_dirs(deep.data, 0755, NULL), 0);
	put(*state, "Dockerfile", "FROM a\n");
	put(*state, ".dockerignore", "*.log\nout\n!out/kept\nDockerfile\n");
	assert_int_equal(digest_of_folder(*state, "./Dockerfile", &last), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool ignore = rows[i].file[0] == '.';
		put(*state, rows[i].file, ignore ? "*.log\nout\n!out/kept\nDockerfile\nno\n" : "1");
		assert_int_equal(digest_of_folder(*state, "Dockerfile", &now), 0);
		if (digest_eq(&last, &now) == rows[i].counts)
			fail_msg("%s", rows[i].file);
		last = now;
	}
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, new_folder, folder_gone)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(writes_what_it_has_read_to_the_byte),
		IN_FOLDER(fills_in_what_older_releases_did_not_write),
		cmocka_unit_test(reads_what_a_v1_environment_says),
		cmocka_unit_test(finds_the_folder_of_a_users_python),
		cmocka_unit_test(names_what_it_does_not_act_on),
		IN_FOLDER(keeps_keys_it_does_not_know),
		cmocka_unit_test(azureml_core_saves_no_packages_without_python),
		cmocka_unit_test(names_versions_by_image_and_conda_file_as_the_client),
		IN_FOLDER(names_versions_by_the_build_context_as_the_client),
		IN_FOLDER(saves_v2_with_its_conda_file_inside),
		cmocka_unit_test(says_what_is_wrong_and_where),
		cmocka_unit_test(says_why_no_image_can_be_made),
		cmocka_unit_test(tells_what_another_form_has_no_place_for),
		cmocka_unit_test(refuses_what_the_other_form_cannot_name),
		cmocka_unit_test(puts_a_definition_on_another_base),
		IN_FOLDER(refuses_a_dockerfile_that_is_too_large),
		IN_FOLDER(gives_forms_that_mean_the_same_the_same_key),
		cmocka_unit_test(gives_what_changes_the_image_another_key),
		IN_FOLDER(sees_of_a_context_what_is_sent),
		IN_FOLDER(sees_every_change_of_a_context),
		IN_FOLDER(sees_of_a_checkout_what_git_knows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
