/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.c - see policy.h. hasu.conf is only looked at for a container with annotations that it
 * rules: whatever is wrong with it holds up nobody else.
 */
#include "life/policy.h"

#include "base/log.h"
#include "spec/conf.h"

#include <stdlib.h>
#include <string.h>

static void log_lines(enum log_level level, const char *text)
{
	for (const char *line = text, *rest; line && *line; line = rest) {
		rest = strchrnul(line, '\n');
		log_say(level, "%.*s", (int)(rest - line), line);
		rest += *rest == '\n';
	}
}

static void log_words(struct memory_words *words)
{
	log_lines(LOG_LEVEL_WARN, words->warnings.text);
	log_lines(LOG_LEVEL_INFO, words->notes.text);
	strbuf_free(&words->warnings);
	strbuf_free(&words->notes);
}

int policy_plan(const struct life *life, const struct spec *spec,
	const struct memory_options *options, const char *cgroup, const struct mpol *image,
	struct arena *arena, struct memory_plan *ret, struct err *e)
{
	const char *path = life->conf ? life->conf : conf_default_path();
	struct memory_words words = { 0 };
	struct memory_want want = { 0 };
	struct conf_rules rules;
	struct conf *conf = NULL;
	int r = 0;

	if (spec->policy_annotations.given)
		r = conf_load(path, &conf, e);
	conf_rules_for(conf, conf_caller(), cgroup, &rules);
	rules.path = path;
	if (r == 0)
		r = memory_choose(spec, options, &rules, arena, &want, &words, e);
	if (r == 0 && image)
		r = memory_choose_image(spec, &rules, image, arena, &want, &words, e);
	if (r == 0)
		r = memory_plan(&want,
			spec->linux_.has_resources ? spec->linux_.resources.cpu.mems : NULL, ret,
			&words, e);
	if (r < 0 && image)
		err_prefix(e, "the memory policy of the image");
	conf_free(conf);
	log_words(&words);
	return r;
}

int policy_plan_exec(const struct memory_options *options, bool refuse_narrowing,
	struct memory_plan *ret, struct err *e)
{
	struct memory_words words = { 0 };
	struct memory_want want = { 0 };
	int r = memory_choose_option(options, refuse_narrowing, &want, &words, e);

	if (r == 0)
		r = memory_plan(&want, NULL, ret, &words, e);
	log_words(&words);
	return r;
}

void policy_log(const struct memory_plan *plan, const struct memory_result *result)
{
	struct memory_words words = { 0 };

	memory_tell(plan, result, &words);
	log_words(&words);
}
