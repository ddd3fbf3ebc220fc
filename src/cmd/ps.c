/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps.c - hasu ps: a container's processes, as numbers or as the host's ps shows them.
 *
 * ps looks at every process of the host; only the lines of the container's are printed.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define PS_OUTPUT_MAX ((size_t)64 << 20) /* bytes */
#define NOT_STARTED 127

static void add_numbers(struct strbuf *b, const pid_t *pids, size_t n);
static int run_ps(const struct str_list *args, char **ret, struct err *e);

int cmd_ps(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ pid_t *pids = NULL;
	struct strbuf b = { 0 };
	struct life life;
	size_t n = 0;

	int r = life_of(o, &arena, &life, e);
	if (r == 0)
		r = life_pids(&life, o->args.v[0], &pids, &n, e);
	if (r < 0)
		return r;
	if (o->ps_format == LIST_JSON) {
		add_numbers(&b, pids, n);
		return print_out(&b, e);
	}
	r = run_ps(&o->args, &text, e);
	if (r == 0)
		r = ps_select(&b, text, pids, n, e);
	if (r < 0) {
		strbuf_free(&b);
		return r;
	}
	return print_out(&b, e);
}

static void add_numbers(struct strbuf *b, const pid_t *pids, size_t n)
{
	strbuf_adds(b, "[");
	for (size_t i = 0; i < n; i++)
		strbuf_addf(b, "%s%d", i ? "," : "", (int)pids[i]);
	strbuf_adds(b, "]\n");
}

static void become_ps(const struct str_list *args, int out)
{
	static char name[] = "ps", all[] = "-ef";
	char *usual[] = { name, all, NULL };
	/* The ID's place is the program's name. */
	char **argv = args->n > 1 ? args->v : usual;

	argv[0] = name;
	(void)signal(SIGPIPE, SIG_DFL);
	if (dup2(out, STDOUT_FILENO) >= 0)
		(void)execvp(name, argv);
	_exit(NOT_STARTED);
}

/* What ps prints; its complaints go to our stderr. *ret is malloc'ed. */
static int run_ps(const struct str_list *args, char **ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	int ends[2], status = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "making a pipe");
	_cleanup_close_ int ours = ends[0];
	_cleanup_close_ int theirs = ends[1];
	const pid_t pid = fork();
	if (pid < 0)
		return err_set(e, errno, "making a process for ps");
	if (pid == 0)
		become_ps(args, theirs);
	theirs = fd_close(theirs);
	int r = fd_read_all(ours, PS_OUTPUT_MAX, &text, NULL);
	ours = fd_close(ours); /* a ps that goes on writing ends by SIGPIPE */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "waiting for ps");
	if (r < 0)
		return err_set(e, -r, "reading what ps prints");
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED)
		return err_say(e, ENOENT,
			"the host's program ps could not be started: is it installed? (--format "
			"json needs none)");
	if (WIFSIGNALED(status))
		return err_say(e, EIO, "ps was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_say(e, EIO, "ps ended with exit status %d", WEXITSTATUS(status));
	*ret = TAKE_PTR(text);
	return 0;
}

/* The n-th word of a line. */
static const char *word_at(const char *line, size_t len, size_t n, size_t *ret_len)
{
	const char *p = line, *end = line + len;

	for (;; n--) {
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		const char *word = p;
		while (p < end && *p != ' ' && *p != '\t')
			p++;
		*ret_len = (size_t)(p - word);
		if (p == word)
			return NULL;
		if (n == 0)
			return word;
	}
}

static bool is_listed(const char *word, size_t len, const pid_t *pids, size_t n)
{
	char text[16];
	uint32_t pid;

	if (len >= sizeof(text))
		return false;
	memcpy(text, word, len);
	text[len] = '\0';
	if (str_to_u32(text, &pid) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((uint32_t)pids[i] == pid)
			return true;
	return false;
}

int ps_select(struct strbuf *b, const char *text, const pid_t *pids, size_t n, struct err *e)
{
	size_t len = strcspn(text, "\n"), word_len, column = 0;
	const char *word;

	while ((word = word_at(text, len, column, &word_len)) &&
		!(word_len == 3 && memcmp(word, "PID", 3) == 0))
		column++;
	if (!word)
		return err_say(e, EINVAL,
			"the output of ps has no column PID: give it options that show one");
	for (const char *line = text; *line;) {
		len = strcspn(line, "\n");
		word = word_at(line, len, column, &word_len);
		if (line == text || (word && is_listed(word, word_len, pids, n))) {
			strbuf_add(b, line, len);
			strbuf_adds(b, "\n");
		}
		line += len + (line[len] == '\n');
	}
	return 0;
}
