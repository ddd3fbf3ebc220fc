/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy of a container's processes. On the machine at hand node 0 is there; what needs more
 * nodes is asked of the functions that decide. The oracle is get_mempolicy(2), called bare, and the
 * text of numa_maps.
 */
#include "forked.h"
#include "parsed.h"
#include "linux/memory.h"

#include <json-c/json.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>

#include <cmocka.h>

/* A config with this policy, its strings as they stand in config.json. */
struct config {
	struct spec spec;
	struct spec_memory_policy policy;
};

static struct spec *config(
	struct config *c, const char *mode, const char *nodes, const char *const flags[2])
{
	struct mpol_request want = { .mode = mode, .nodes = nodes, .flags = flags };
	struct mpol_report report = { 0 };

	while (want.n_flags < 2 && flags[want.n_flags])
		want.n_flags++;
	*c = (struct config){ 0 };
	if (mpol_parse(&want, MPOL_RULES_KERNEL, &c->policy.policy, &report) < 0)
		return NULL;
	c->spec.linux_.memory_policy = &c->policy;
	return &c->spec;
}

/* As create does, without hasu.conf. */
static int plan_of(
	const struct spec *spec, struct memory_plan *ret, struct memory_words *words, struct err *e)
{
	const struct memory_options options = { 0 };
	struct arena arena = { 0 };
	struct conf_rules rules;
	struct memory_want want;
	int r;

	conf_rules_for(NULL, 0, "", &rules);
	r = memory_choose(spec, &options, &rules, &arena, &want, words, e);
	if (r == 0)
		r = memory_plan(&want,
			spec->linux_.has_resources ? spec->linux_.resources.cpu.mems : NULL, ret,
			words, e);
	arena_free(&arena);
	return r;
}

static struct mpol_nodeset nodes_of(const char *text)
{
	struct mpol_nodeset set;

	CHECK(mpol_nodeset_parse(text, strlen(text), NULL, &set, NULL) == 0);
	return set;
}

/* As numa_maps writes it, but of any length. */
static struct mpol policy_of(const char *text)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	char head[64];
	struct mpol p;
	bool cut;

	(void)snprintf(head, sizeof(head), "%.*s%s", (int)len, text, colon ? ":0" : "");
	CHECK(mpol_maps_text_parse(head, strlen(head), &p, &cut) == 0);
	if (colon)
		p.nodes = nodes_of(colon + 1);
	return p;
}

/* Does the first mapping in numa_maps of this process show this policy? */
static bool maps_show(const char *want)
{
	FILE *f = fopen("/proc/self/numa_maps", "re");
	size_t len = strlen(want);
	char line[128];

	CHECK(f);
	CHECK(fscanf(f, "%*x %127[^\n]", line) == 1);
	(void)fclose(f);
	return strncmp(line, want, len) == 0 && (line[len] == ' ' || line[len] == '\0');
}

static int own_mode(unsigned long *ret_mask)
{
	unsigned long mask[16] = { 0 };
	int mode = -1;

	CHECK(syscall(SYS_get_mempolicy, &mode, mask, 1024ul, NULL, 0ul) == 0);
	*ret_mask = mask[0];
	return mode;
}

static const struct mode_row {
	const char *mode, *nodes, *flags[2];
	int number;
	unsigned long mask;
	const char *maps;
} mode_rows[] = {
	{ "MPOL_DEFAULT", "", { 0 }, 0, 0, "default" },
	{ "MPOL_LOCAL", "", { 0 }, 4, 0, "local" },
	{ "MPOL_PREFERRED", "", { 0 }, 4, 0, "local" },
	{ "MPOL_PREFERRED", "0", { 0 }, 1, 1, "prefer:0" },
	{ "MPOL_BIND", "0", { 0 }, 2, 1, "bind:0" },
	{ "MPOL_BIND", "0", { "MPOL_F_STATIC_NODES" }, 2 | 1 << 15, 1, "bind=static:0" },
	{ "MPOL_BIND", "0", { "MPOL_F_RELATIVE_NODES" }, 2 | 1 << 14, 1, "bind=relative:0" },
	{ "MPOL_BIND", "0", { "MPOL_F_NUMA_BALANCING" }, 2 | 1 << 13, 1, NULL },
	{ "MPOL_INTERLEAVE", "0", { 0 }, 3, 1, "interleave:0" },
	{ "MPOL_PREFERRED_MANY", "0", { 0 }, 5, 1, "prefer (many):0" },
	{ "MPOL_WEIGHTED_INTERLEAVE", "0", { 0 }, 6, 1, "weighted interleave:0" },
};

static void need_numa(void)
{
	struct mpol_kernel kernel;
	struct mpol_nodeset allowed;

	/* Every row below: a kernel with all modes, and node 0. */
	if (mpol_kernel_ask(&kernel) < 0 || kernel.modes != 0x7f || mpol_allowed(&allowed) < 0 ||
		!mpol_nodeset_has(&allowed, 0))
		skip();
}

static void apply_body(void *arg)
{
	const struct mode_row *row = arg;
	struct memory_result result;
	struct memory_words words = { 0 };
	struct memory_plan plan;
	struct err e = { 0 };
	struct config c;
	unsigned long mask;
	int proc_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK(config(&c, row->mode, row->nodes, row->flags));
	CHECK_OK(plan_of(&c.spec, &plan, &words, &e), &e);
	CHECK(own_mode(&mask) == 0); /* the runtime itself has none */
	CHECK(!words.warnings.text);
	CHECK_OK(memory_apply(&plan, &result, &e), &e);
	CHECK(own_mode(&mask) == row->number);
	CHECK(mask == row->mask);
	if (row->maps)
		CHECK(maps_show(row->maps));
	CHECK_OK(memory_verify(proc_fd, NULL, &result, &e), &e);
	CHECK(result.present);
	CHECK(result.effective.mode == (row->number & 7));
	CHECK(result.effective.nodes.word[0] == row->mask);
	CHECK(mpol_nodeset_has(&result.allowed, 0));

	/* Somebody changes it between the two. */
	CHECK(syscall(SYS_set_mempolicy, row->number == 3 ? 2 : 3, &(unsigned long){ 1 }, 65ul) ==
		0);
	CHECK(memory_verify(proc_fd, NULL, &result, &e) == -EPROTO);
	CHECK_SAYS(&e, "/linux/memoryPolicy: '");
	CHECK_SAYS(&e, "is in force for the container's init, where");
	/* Whoever asked for it is named. */
	CHECK(memory_verify(proc_fd, memory_source_name(MEMORY_ANNOTATION), &result, &e) ==
		-EPROTO);
	CHECK_SAYS(&e, "/annotations/hasu.memory-policy: '");
}

static void each_mode_comes_out_as_asked_and_a_difference_is_an_error(void **state)
{
	need_numa();
	for (size_t i = 0; i < ELEMENTS(mode_rows); i++)
		if (forked(apply_body, (void *)&mode_rows[i]) != 0)
			fail_msg("row %zu: %s", i, mode_rows[i].mode);
}

static void no_policy_in_the_config_leaves_the_callers_body(void *arg)
{
	struct memory_words words = { 0 };
	struct memory_result result;
	struct spec spec = { 0 };
	struct memory_plan plan;
	struct err e = { 0 };
	unsigned long mask;

	CHECK(syscall(SYS_set_mempolicy, 3, &(unsigned long){ 1 }, 65ul) == 0);
	CHECK_OK(plan_of(&spec, &plan, &words, &e), &e);
	CHECK_OK(memory_apply(&plan, &result, &e), &e);
	CHECK(!plan.present && !result.present);
	CHECK_OK(memory_verify(-1, NULL, &result, &e), &e);
	CHECK_OK(memory_apply_exec(&plan, &e), &e);
	CHECK(own_mode(&mask) == 3);
}

static void no_policy_in_the_config_leaves_the_callers(void **state)
{
	need_numa();
	assert_int_equal(forked(no_policy_in_the_config_leaves_the_callers_body, NULL), 0);
}

static const struct {
	const char *sentence, *mode, *nodes, *flags[2], *mems;
	bool refuse;
	const char *says; /* NULL: it is planned */
} plan_rows[] = {
	{ "a node that is not there", "MPOL_BIND", "1000", { 0 }, NULL, false,
		"/linux/memoryPolicy/nodes: node 1000 does not exist" },
	{ "a node that is not there beside one that is", "MPOL_BIND", "0,1000", { 0 }, NULL, false,
		NULL },
	{ "the same where narrowing is refused", "MPOL_BIND", "0,1000", { 0 }, NULL, true,
		"hasu.memory-policy.narrowing=refuse" },
	{ "relative numbers are no nodes of the host", "MPOL_BIND", "1000",
		{ "MPOL_F_RELATIVE_NODES" }, NULL, true, NULL },
	{ "nodes outside the config's own cpuset", "MPOL_BIND", "0", { 0 }, "1000", false,
		"(/linux/resources/cpu/mems is '1000')" },
	{ "nodes within it", "MPOL_BIND", "0", { 0 }, "0", true, NULL },
	{ "a cpuset that is no list", "MPOL_BIND", "0", { 0 }, "0-", false,
		"/linux/resources/cpu/mems" },
	{ "no nodes, no conflict", "MPOL_LOCAL", "", { 0 }, "0", true, NULL },
};

static void what_cannot_work_is_refused_before_anything_is_made(void **state)
{
	need_numa();
	for (size_t i = 0; i < ELEMENTS(plan_rows); i++) {
		struct memory_plan plan = { .present = true, .asked = { .mode = 77 } };
		struct memory_words words = { 0 };
		struct err e = { 0 };
		struct config c;
		int r;

		assert_non_null(
			config(&c, plan_rows[i].mode, plan_rows[i].nodes, plan_rows[i].flags));
		c.spec.policy_annotations.refuse_narrowing = plan_rows[i].refuse;
		c.spec.policy_annotations.given = ANNOTATION_NARROWING;
		c.spec.linux_.has_resources = plan_rows[i].mems;
		c.spec.linux_.resources.cpu.mems = plan_rows[i].mems;
		r = plan_of(&c.spec, &plan, &words, &e);
		if (!plan_rows[i].says && r < 0)
			fail_msg("%s: %s", plan_rows[i].sentence, e.text);
		if (plan_rows[i].says && (r != -EINVAL || !strstr(e.text, plan_rows[i].says)))
			fail_msg("%s: %d, %s", plan_rows[i].sentence, r, e.text);
		if (r < 0)
			assert_int_equal(plan.asked.mode, 77);
		strbuf_free(&words.warnings);
	}
}

static void narrowed_body(void *arg)
{
	static const char *const no_flags[2] = { 0 };
	struct memory_words words = { 0 };
	struct memory_result result;
	struct memory_plan plan;
	struct err e = { 0 };
	struct config c;

	CHECK(config(&c, "MPOL_BIND", "0,1000", no_flags));
	CHECK_OK(plan_of(&c.spec, &plan, &words, &e), &e);
	CHECK(words.warnings.text && strstr(words.warnings.text, "node 1000 does not exist"));
	CHECK(words.warnings.text[words.warnings.len - 1] == '\n');
	CHECK_OK(memory_apply(&plan, &result, &e), &e);
	CHECK(mpol_nodeset_has(&result.narrowed, 1000));
	CHECK(mpol_nodeset_count(&result.narrowed) == 1);
	strbuf_free(&words.warnings);
	memory_tell(&plan, &result, &words);
	CHECK(strstr(words.warnings.text, "'0,1000'"));
	CHECK(strstr(words.warnings.text, "cannot use '1000'"));
	plan.refuse_narrowing = true;
	CHECK(memory_apply(&plan, &result, &e) == -EINVAL);
	CHECK_SAYS(&e, "hasu.memory-policy.narrowing=refuse");
	plan.asked.nodes = nodes_of("1000");
	CHECK(memory_apply(&plan, &result, &e) == -EINVAL);
	CHECK_SAYS(&e, "/linux/memoryPolicy/nodes: node 1000 cannot be used here");
}

static void narrowing_is_said_and_where_asked_for_refused(void **state)
{
	need_numa();
	assert_int_equal(forked(narrowed_body, NULL), 0);
}

/* A container's init that has set itself a policy by its own system call. */
static pid_t resident(int mode, const unsigned long *mask)
{
	int fds[2];
	char c;
	pid_t pid;

	if (pipe(fds) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (syscall(SYS_set_mempolicy, mode, mask, mask ? 65ul : 0ul) < 0 ||
			write(fds[1], "", 1) != 1)
			leave(1);
		for (;;)
			pause();
	}
	(void)close(fds[1]);
	if (read(fds[0], &c, 1) != 1)
		pid = -1;
	(void)close(fds[0]);
	return pid;
}

static void exec_body(void *arg)
{
	const struct mode_row *row = arg;
	struct memory_result saved = { .present = true };
	struct memory_plan plan;
	unsigned long mask;
	struct err e = { 0 };
	char path[64];
	pid_t pid = resident(row->number, row->mask ? &row->mask : NULL);
	int fd;

	/* Whatever the config once asked for: init's own policy counts. */
	saved.asked = saved.resolved = saved.effective = policy_of("interleave=static:0");
	saved.allowed = nodes_of("0");
	CHECK(pid > 0);
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(memory_plan_exec(&saved, NULL, fd, &plan, &e), &e);
	CHECK_OK(memory_apply_exec(&plan, &e), &e);
	CHECK(own_mode(&mask) == row->number);
	CHECK(mask == row->mask);

	/* init is gone: the container's own policy, and no failure. */
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	CHECK_OK(memory_plan_exec(&saved, NULL, fd, &plan, &e), &e);
	CHECK_OK(memory_apply_exec(&plan, &e), &e);
	CHECK(own_mode(&mask) == (3 | 1 << 15));
}

static void exec_gets_the_policy_that_init_has_now(void **state)
{
	need_numa();
	for (size_t i = 0; i < ELEMENTS(mode_rows); i++)
		if (forked(exec_body, (void *)&mode_rows[i]) != 0)
			fail_msg("row %zu: %s", i, mode_rows[i].mode);
}

/* asked under allowed; then the cpuset allows now, and numa_maps of init shows shown. */
static const struct {
	const char *sentence, *asked, *allowed, *now, *shown;
	bool hidden;
	const char *want;
} exec_rows[] = {
	{ "nothing changed", "bind:1", "0-3", "0-3", "bind:1", false, "bind:1" },
	{ "nodes moved with the cpuset", "bind:0-1", "0-3", "2-3", "bind:2-3", false, "bind:2-3" },
	{ "nodes lost by two moves stay lost", "interleave:0-1", "0-3", "0-1", "interleave:0",
		false, "interleave:0" },
	{ "static numbers stay the user's", "interleave=static:0-2", "0-3", "0-1",
		"interleave=static:0-1", false, "interleave=static:0-2" },
	{ "static without an allowed node is on all", "bind=static:0", "0-3", "2-3",
		"bind=static:2-3", false, "bind=static:2-3" },
	{ "relative numbers stay the user's", "bind=relative:0", "0-3", "2-3", "bind=relative:2",
		false, "bind=relative:0" },
	{ "init's own relative policy", "bind:1", "0-3", "1-3", "interleave=relative:2-3", false,
		"interleave=relative:1-2" },
	{ "init's own static policy", "bind=static:1", "0-3", "1-3", "bind=static:3", false,
		"bind=static:3" },
	{ "init went back to the default", "bind:1", "0-3", "0-3", "default", false, "default" },
	{ "init chose local", "bind:1", "0-3", "0-3", "local", false, "local" },
	{ "a preferred node that is not allowed any more", "prefer:1", "0-3", "2-3", "prefer:1",
		false, "prefer:2-3" },
	{ "a preferred node stays, though lower ones are allowed again", "prefer=static:0,3", "1-3",
		"0-3", "prefer=static:3", false, "prefer=static:3" },
	{ "of many preferred nodes some are allowed", "prefer (many):0-2", "0-3", "2-3",
		"prefer (many):0-2", false, "prefer (many):2" },
	{ "of many preferred nodes none is allowed", "prefer (many):0-1", "0-3", "2-3",
		"prefer (many):0-1", false, "local" },
	{ "balancing that the kernel does not show", "bind=balancing:0-1", "0-3", "0-3", "default",
		true, "bind=balancing:0-1" },
	{ "balancing that init gave up", "bind=balancing:0-1", "0-3", "0-3", "default", false,
		"default" },
	{ "a text that is cut off is filled in",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38", "0-63", "0-63",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38", false,
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38" },
	{ "a text that is cut off, of another policy",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38", "0-63", "0-63",
		"interleave:0,4,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40", false,
		"interleave:0,4,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38" },
	{ "a text that is cut off, of a policy with more nodes",
		"interleave:0,4,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40", "0-63", "0-63",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38", false,
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36" },
};

static void exec_ends_on_the_nodes_that_init_has(void **state)
{
	const struct mpol_nodeset memory = nodes_of("0-63");

	for (size_t i = 0; i < ELEMENTS(exec_rows); i++) {
		struct memory_result saved = { .present = true };
		struct memory_plan plan = { .present = true, .host_memory = memory };
		struct mpol_nodeset now = nodes_of(exec_rows[i].now);
		size_t len = strlen(exec_rows[i].shown);
		struct mpol_resolved resolved;
		char text[MPOL_TEXT];
		struct mpol shown, got;
		bool cut;

		saved.asked = policy_of(exec_rows[i].asked);
		saved.allowed = nodes_of(exec_rows[i].allowed);
		assert_int_equal(
			mpol_resolve(&saved.asked, &saved.allowed, &memory, NULL, &resolved, NULL),
			0);
		saved.resolved = saved.effective = resolved.in_force;
		if (len > 63)
			len = 63; /* what numa_maps has room for */
		assert_int_equal(mpol_maps_text_parse(exec_rows[i].shown, len, &shown, &cut), 0);
		assert_true(len < 63 || cut);
		memory_exec_choose(&saved, &shown, cut, exec_rows[i].hidden, &now, &plan);
		got = memory_exec_policy(&plan, &now);
		if (strcmp(mpol_maps_text(&got, text), exec_rows[i].want) != 0)
			fail_msg("%s: %s", exec_rows[i].sentence, text);
	}
}

static void the_saved_state_says_what_became_of_it(void **state)
{
	const struct memory_request request = { .from = "/annotations/hasu.memory-policy",
		.text = "weighted interleave:cpus",
		.fell_back = true,
		.fallback_from = MPOL_MODE_WEIGHTED_INTERLEAVE,
		.refuse_narrowing = true };
	struct memory_result result = { .present = true }, back = { 0 };
	struct memory_request asked = { 0 };
	struct arena arena = { 0 };
	struct strbuf b = { 0 };
	struct json_writer w = { .b = &b, .saved = true };
	struct json_object *json;
	struct err e = { 0 };

	result.asked = policy_of("interleave=static|balancing:0-3,1023");
	result.resolved = result.effective = policy_of("interleave=static|balancing:0-1");
	result.allowed = nodes_of("0-1");
	result.narrowed = nodes_of("2-3,1023");
	memory_write(&w, NULL, &result, &(struct memory_request){ 0 });
	assert_string_equal(b.text,
		"{\"asked\":{\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":\"0-3,1023\",\"flags\":["
		"\"MPOL_F_NUMA_BALANCING\",\"MPOL_F_STATIC_NODES\"]},\"resolved\":{\"mode\":"
		"\"MPOL_INTERLEAVE\",\"nodes\":\"0-1\",\"flags\":[\"MPOL_F_NUMA_BALANCING\","
		"\"MPOL_F_STATIC_NODES\"]},\"effective\":{\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":"
		"\"0-1\",\"flags\":[\"MPOL_F_NUMA_BALANCING\",\"MPOL_F_STATIC_NODES\"]},"
		"\"allowed\":\"0-1\",\"narrowed\":\"2-3,1023\"}");
	assert_int_equal(memory_from_json(parsed(b.text, &arena), &back, &asked, &e), 0);
	assert_memory_equal(&back.asked, &result.asked, sizeof(back.asked));
	assert_memory_equal(&back.resolved, &result.resolved, sizeof(back.resolved));
	assert_memory_equal(&back.effective, &result.effective, sizeof(back.effective));
	assert_memory_equal(&back.allowed, &result.allowed, sizeof(back.allowed));
	assert_memory_equal(&back.narrowed, &result.narrowed, sizeof(back.narrowed));
	assert_true(back.present);
	assert_null(asked.from);

	/* And how it was asked for, where that is known. */
	strbuf_free(&b);
	memory_write(&w, NULL, &result, &request);
	json = json_tokener_parse(b.text);
	assert_string_equal(json_object_to_json_string_ext(json_object_object_get(json, "request"),
				    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
		"{\"from\":\"/annotations/hasu.memory-policy\",\"text\":\"weighted interleave:"
		"cpus\",\"fallbackFrom\":\"MPOL_WEIGHTED_INTERLEAVE\",\"narrowing\":\"refuse\"}");
	assert_int_equal(memory_from_json(parsed(b.text, &arena), &back, &asked, &e), 0);
	assert_string_equal(asked.from, request.from);
	assert_string_equal(asked.text, request.text);
	assert_true(asked.fell_back && asked.refuse_narrowing);
	assert_int_equal(asked.fallback_from, MPOL_MODE_WEIGHTED_INTERLEAVE);
	json_object_put(json);
	strbuf_free(&b);
	arena_free(&arena);
}

#define GOOD "{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[]}"
#define STATE(asked, allowed)                                                                      \
	"{\"asked\":" asked ",\"resolved\":" GOOD ",\"effective\":" GOOD ",\"allowed\":" allowed   \
	",\"narrowed\":\"\"}"

static const struct {
	const char *json, *says; /* NULL: it is taken */
} json_rows[] = {
	{ STATE(GOOD, "\"0\""), NULL },
	{ "[]", "memoryPolicy: not an object" },
	{ "null", "memoryPolicy: not an object" },
	{ "{}", "memoryPolicy: 'asked' is not an object" },
	{ STATE("7", "\"0\""), "memoryPolicy: 'asked' is not an object" },
	{ STATE("{}", "\"0\""), "memoryPolicy: asked: 'mode' is not the name of a mode" },
	{ STATE("{\"mode\":2}", "\"0\""), "'mode' is not the name of a mode" },
	{ STATE("{\"mode\":\"bind\"}", "\"0\""), "'mode' is not the name of a mode" },
	{ STATE("{\"mode\":\"MPOL_BIND\\u0000\"}", "\"0\""), "'mode' is not the name of a mode" },
	{ STATE("{\"mode\":\"MPOL_BIND\"}", "\"0\""), "asked: 'nodes' is not a list of nodes" },
	{ STATE("{\"mode\":\"MPOL_BIND\",\"nodes\":\"9999\",\"flags\":[]}", "\"0\""),
		"'nodes' is not a list of nodes" },
	{ STATE("{\"mode\":\"MPOL_BIND\",\"nodes\":\"\",\"flags\":[]}", "\"0\""),
		"'nodes' and 'mode' contradict each other" },
	{ STATE("{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"1\",\"flags\":[]}", "\"0\""),
		"'nodes' and 'mode' contradict each other" },
	{ STATE("{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\"}", "\"0\""), "'flags' is not a list" },
	{ STATE("{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[5]}", "\"0\""),
		"'flags' has an unknown flag" },
	{ STATE("{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"STATIC\"]}", "\"0\""),
		"'flags' has an unknown flag" },
	{ STATE(GOOD, "5"), "memoryPolicy: 'allowed' is not a list of nodes" },
	{ STATE(GOOD, "\"0\",\"request\":[]"), "memoryPolicy: 'request' is not an object" },
	{ STATE(GOOD, "\"0\",\"request\":{\"from\":5}"),
		"memoryPolicy: request: 'from' is not a text" },
	{ STATE(GOOD, "\"0\",\"request\":{\"from\":\"\\n\"}"),
		"memoryPolicy: request: 'from' is no place of a policy" },
	{ STATE(GOOD, "\"0\",\"request\":{\"text\":\"a\\u0000b\"}"),
		"memoryPolicy: request: 'text' is not a text" },
	{ STATE(GOOD, "\"0\",\"request\":{\"fallbackFrom\":\"MPOL_X\"}"),
		"memoryPolicy: request: 'fallbackFrom' is not the name of a mode" },
};

static void a_state_that_was_not_written_by_us_is_refused(void **state)
{
	for (size_t i = 0; i < ELEMENTS(json_rows); i++) {
		struct memory_result result = { .asked = { .mode = 77 } };
		struct memory_request request;
		struct arena arena = { 0 };
		struct err e = { 0 };
		int r = memory_from_json(
			parsed(json_rows[i].json, &arena), &result, &request, &e);

		if (json_rows[i].says ? r != -EBADMSG || !strstr(e.text, json_rows[i].says) : r < 0)
			fail_msg("%s: %d, %s", json_rows[i].json, r, e.text);
		if (r < 0)
			assert_int_equal(result.asked.mode, 77);
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mode_comes_out_as_asked_and_a_difference_is_an_error),
		cmocka_unit_test(no_policy_in_the_config_leaves_the_callers),
		cmocka_unit_test(what_cannot_work_is_refused_before_anything_is_made),
		cmocka_unit_test(narrowing_is_said_and_where_asked_for_refused),
		cmocka_unit_test(exec_gets_the_policy_that_init_has_now),
		cmocka_unit_test(exec_ends_on_the_nodes_that_init_has),
		cmocka_unit_test(the_saved_state_says_what_became_of_it),
		cmocka_unit_test(a_state_that_was_not_written_by_us_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
