/* specs/v1_schema.c - rows of keys: those that old releases lack have a fallback like all others.
 */
#include "specs/v1_schema.h"

#define TEXT(name, use)                                                                            \
	{                                                                                          \
		name, V1_TEXT, use, "null", NULL                                                   \
	}
#define LIST(name, use)                                                                            \
	{                                                                                          \
		name, V1_TEXTS, use, "[]", NULL                                                    \
	}
#define END                                                                                        \
	{                                                                                          \
		NULL, V1_TEXT, V1_USED, NULL, NULL                                                 \
	}

static const struct v1_field python[] = {
	{"userManagedDependencies", V1_BOOL, V1_USED, "false", NULL},
	{"interpreterPath", V1_TEXT, V1_USED, "\"python\"", NULL},
	TEXT("condaDependenciesFile", V1_KEPT),
	TEXT("baseCondaEnvironment", V1_KEPT),
	{"condaDependencies", V1_CONDA, V1_USED, NULL, NULL},
	END,
};

static const struct v1_field build_context[] = {
	TEXT("locationType", V1_USED),
	TEXT("location", V1_USED),
	{"dockerfilePath", V1_TEXT, V1_USED, "\"Dockerfile\"", NULL},
	END,
};

static const struct v1_field registry_identity[] = {
	TEXT("resourceId", V1_KEPT),
	TEXT("clientId", V1_KEPT),
	END,
};

static const struct v1_field image_registry[] = {
	TEXT("address", V1_USED),
	TEXT("username", V1_USED),
	TEXT("password", V1_USED),
	{"registryIdentity", V1_OBJECT, V1_KEPT, "null", registry_identity},
	END,
};

static const struct v1_field platform[] = {
	{"os", V1_TEXT, V1_USED, "\"Linux\"", NULL},
	{"architecture", V1_TEXT, V1_USED, "\"amd64\"", NULL},
	END,
};

static const struct v1_field docker[] = {
	{"enabled", V1_BOOL, V1_OBSOLETE, "false", NULL},
	TEXT("baseImage", V1_USED),
	{"baseDockerfile", V1_STEPS, V1_USED, "null", NULL},
	{"buildContext", V1_OBJECT, V1_USED, "null", build_context},
	{"sharedVolumes", V1_BOOL, V1_OBSOLETE, "true", NULL},
	TEXT("shmSize", V1_OBSOLETE),
	LIST("arguments", V1_KEPT),
	{"baseImageRegistry", V1_OBJECT, V1_USED, NULL, image_registry},
	{"platform", V1_OBJECT, V1_USED, NULL, platform},
	END,
};

static const struct v1_field spark_package[] = {
	TEXT("group", V1_KEPT),
	TEXT("artifact", V1_KEPT),
	TEXT("version", V1_KEPT),
	END,
};

static const struct v1_field spark[] = {
	LIST("repositories", V1_KEPT),
	{"packages", V1_OBJECTS, V1_KEPT, "[]", spark_package},
	{"precachePackages", V1_BOOL, V1_OBSOLETE, "true", NULL},
	END,
};

static const struct v1_field maven_library[] = {
	TEXT("coordinates", V1_KEPT),
	{"repo", V1_TEXT, V1_KEPT, "\"\"", NULL},
	LIST("exclusions", V1_KEPT),
	END,
};

static const struct v1_field package_library[] = {
	TEXT("package", V1_KEPT),
	{"repo", V1_TEXT, V1_KEPT, "\"\"", NULL},
	END,
};

static const struct v1_field file_library[] = {
	TEXT("library", V1_KEPT),
	END,
};

static const struct v1_field databricks[] = {
	{"mavenLibraries", V1_OBJECTS, V1_KEPT, "[]", maven_library},
	{"pypiLibraries", V1_OBJECTS, V1_KEPT, "[]", package_library},
	{"rcranLibraries", V1_OBJECTS, V1_KEPT, "[]", package_library},
	{"jarLibraries", V1_OBJECTS, V1_KEPT, "[]", file_library},
	{"eggLibraries", V1_OBJECTS, V1_KEPT, "[]", file_library},
	END,
};

static const struct v1_field cran_package[] = {
	TEXT("name", V1_KEPT),
	TEXT("version", V1_KEPT),
	TEXT("repository", V1_KEPT),
	END,
};

static const struct v1_field github_package[] = {
	TEXT("repository", V1_KEPT),
	TEXT("authToken", V1_KEPT),
	END,
};

static const struct v1_field r[] = {
	TEXT("rVersion", V1_KEPT),
	{"userManaged", V1_BOOL, V1_KEPT, "false", NULL},
	TEXT("rscriptPath", V1_KEPT),
	TEXT("snapshotDate", V1_KEPT),
	{"cranPackages", V1_OBJECTS, V1_KEPT, "null", cran_package},
	{"githubPackages", V1_OBJECTS, V1_KEPT, "null", github_package},
	{"customUrlPackages", V1_TEXTS, V1_KEPT, "null", NULL},
	{"bioconductorPackages", V1_TEXTS, V1_KEPT, "null", NULL},
	END,
};

const struct v1_field v1_schema[] = {
	TEXT("name", V1_USED),
	TEXT("version", V1_USED),
	{"environmentVariables", V1_VARIABLES, V1_USED, "{}", NULL},
	{"python", V1_OBJECT, V1_USED, NULL, python},
	{"docker", V1_OBJECT, V1_USED, NULL, docker},
	{"spark", V1_OBJECT, V1_USED, NULL, spark},
	{"databricks", V1_OBJECT, V1_USED, NULL, databricks},
	{"r", V1_OBJECT, V1_KEPT, "null", r},
	TEXT("inferencingStackVersion", V1_KEPT),
	TEXT("assetId", V1_OBSOLETE),
	END,
};

bool v1_is_empty(const struct yaml_node *node)
{
	return node->kind == YAML_NULL || (!yaml_is_scalar(node) && node->n == 0) ||
	       (node->kind == YAML_TEXT && node->text.n == 0);
}

bool v1_is_fallback(const struct v1_field *f, const struct yaml_node *node)
{
	struct str fallback = str_of(f->fallback);
	if (v1_is_empty(node))
		return true;
	if (node->kind == YAML_TEXT && fallback.n > 1)
		fallback = (struct str){fallback.p + 1, fallback.n - 2};
	return yaml_is_scalar(node) && str_eq(fallback, node->text);
}
