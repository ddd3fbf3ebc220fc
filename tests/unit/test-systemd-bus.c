/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-systemd-bus.c - whose word counts for the end of a job of systemd's: a peer of the test's
 * plays the bus, systemd, and somebody else who sends signals in systemd's words.
 *
 * A bus delivers a signal that names its receiver whatever the receiver listens to, and the policy
 * of the system's bus lets every user send one.
 */
#include "rows.h"

#include "base/fd.h"
#include "base/str.h"
#include "systemd/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSTEMD ":1.1"
#define OTHER ":1.66"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define JOB MANAGER_PATH "/job/7"
#define OTHERS_JOB MANAGER_PATH "/job/8"

/* One signal JobRemoved; sender NULL: the end. */
struct removed {
	const char *sender, *job, *result;
};

static const struct job_row {
	const char *says;
	bool direct; /* systemd's own socket, where messages have no sender */
	struct removed signals[20];
	const char *words; /* of the error; NULL: none */
} job_rows[] = {
	{ "a job that is done", false, { { SYSTEMD, JOB, "done" } }, NULL },
	{ "a job that fails", false, { { SYSTEMD, JOB, "failed" } }, "job ended as 'failed'" },
	{ "the end of another job is not ours", false,
		{ { SYSTEMD, OTHERS_JOB, "failed" }, { SYSTEMD, JOB, "done" } }, NULL },
	{ "another's word that it failed", false,
		{ { OTHER, JOB, "failed" }, { SYSTEMD, JOB, "done" } }, NULL },
	{ "another's word that it is done", false,
		{ { OTHER, JOB, "done" }, { SYSTEMD, JOB, "canceled" } },
		"job ended as 'canceled'" },
	{ "what another says without end hides nothing", false,
		{ { OTHER, JOB, "done" }, { OTHER, JOB, "done" }, { OTHER, JOB, "done" },
			{ OTHER, JOB, "done" }, { OTHER, JOB, "done" }, { OTHER, JOB, "done" },
			{ OTHER, JOB, "done" }, { OTHER, JOB, "done" }, { OTHER, JOB, "done" },
			{ OTHER, JOB, "done" }, { OTHER, JOB, "done" }, { OTHER, JOB, "done" },
			{ OTHER, JOB, "done" }, { OTHER, JOB, "done" }, { OTHER, JOB, "done" },
			{ OTHER, JOB, "done" }, { OTHER, JOB, "done" },
			{ SYSTEMD, JOB, "timeout" } },
		"job ended as 'timeout'" },
	{ "by systemd's own socket", true, { { "", JOB, "done" } }, NULL },
	{ "by systemd's own socket one that fails", true, { { "", JOB, "failed" } },
		"job ended as 'failed'" },
};

/* ------------------------------------------------------------ the other side */

static void must(int r)
{
	if (r < 0)
		_exit(1);
}

static void send_as(sd_bus *bus, sd_bus_message *m, const char *sender)
{
	if (*sender)
		must(sd_bus_message_set_sender(m, sender));
	must(sd_bus_send(bus, m, NULL));
	(void)sd_bus_message_unref(m);
}

static void send_removed(sd_bus *bus, const struct removed *s)
{
	sd_bus_message *m = NULL;

	must(sd_bus_message_new_signal(bus, &m, MANAGER_PATH, MANAGER_INTERFACE, "JobRemoved"));
	must(sd_bus_message_append(m, "uoss", 7, s->job, "a.scope", s->result));
	send_as(bus, m, s->sender);
}

static int on_call(sd_bus_message *call, void *arg, sd_bus_error *error)
{
	const struct job_row *row = arg;
	sd_bus *bus = sd_bus_message_get_bus(call);
	sd_bus_message *reply = NULL;
	const char *rule;

	if (!sd_bus_message_get_member(call) || sd_bus_message_is_signal(call, NULL, NULL))
		return 0;
	must(sd_bus_message_new_method_return(call, &reply));
	if (sd_bus_message_is_method_call(call, "org.freedesktop.DBus", "Hello")) {
		must(sd_bus_message_append(reply, "s", ":1.7"));
		send_as(bus, reply, "org.freedesktop.DBus");
	} else if (sd_bus_message_is_method_call(call, "org.freedesktop.DBus", "AddMatch")) {
		must(sd_bus_message_read(call, "s", &rule));
		/* So that a bus keeps the signals of others that name no receiver away from us. */
		if (!strstr(rule, "sender='org.freedesktop.systemd1'"))
			_exit(2);
		send_as(bus, reply, "org.freedesktop.DBus");
	} else {
		must(sd_bus_message_append(reply, "o", JOB));
		send_as(bus, reply, row->direct ? "" : SYSTEMD);
		for (const struct removed *s = row->signals; s->sender; s++)
			send_removed(bus, s);
	}
	return 1;
}

static void serve(int listener, const struct job_row *row) __attribute__((noreturn));

static void serve(int listener, const struct job_row *row)
{
	sd_id128_t id = { { 1 } };
	sd_bus *bus = NULL;
	int r, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	must(fd);
	must(sd_bus_new(&bus));
	must(sd_bus_set_fd(bus, fd, fd));
	must(sd_bus_set_server(bus, 1, id));
	must(sd_bus_set_anonymous(bus, 1));
	must(sd_bus_start(bus));
	must(sd_bus_add_filter(bus, NULL, on_call, (void *)(uintptr_t)row));
	while ((r = sd_bus_process(bus, NULL)) >= 0)
		if (r == 0 && sd_bus_wait(bus, UINT64_MAX) < 0)
			break;
	_exit(0); /* the client has hung up */
}

/* ----------------------------------------------------------------- this side */

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int call(struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	struct manager manager;

	int r = manager_open(true, &manager, e);
	if (r < 0)
		return r;
	r = manager_new_call(&manager, "StopUnit", &m, e);
	assert_int_equal(r, 0);
	assert_true(sd_bus_message_append(m, "ss", "a.scope", "replace") >= 0);
	r = manager_call_job(&manager, m, "stopping a.scope", &error, e);
	(void)sd_bus_message_unref(m);
	sd_bus_error_free(&error);
	manager_close(&manager);
	return r;
}

static void jobs(void **state)
{
	const struct job_row *row = *state;
	char dir[] = "/tmp/hasu-bus.XXXXXX", path[64], address[80];
	struct err e = { 0 };
	int status;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/systemd", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(
		path, sizeof(path), row->direct ? "%s/systemd/private" : "%s/systemd/bus", dir);
	int listener = listen_at(path);
	(void)snprintf(address, sizeof(address), "unix:path=%s/systemd/bus", dir);
	assert_int_equal(setenv("DBUS_SESSION_BUS_ADDRESS", address, 1), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", dir, 1), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		serve(listener, row);
	(void)close(listener);

	int r = call(&e);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/systemd", dir);
	(void)rmdir(path);
	(void)rmdir(dir);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!row->words && r < 0)
		fail_msg("%s", e.text);
	if (row->words && r == 0)
		fail_msg("there is no error, wanted '%s'", row->words);
	if (row->words && !strstr(e.text, row->words))
		fail_msg("'%s' lacks '%s'", e.text, row->words);
	assert_int_equal(status, 0);
}

int main(void)
{
	return ROWS_RUN("the end of a job", job_rows, jobs);
}
