/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.c - calls of systemd's manager by sd-bus. See bus.h.
 */
#include "systemd/bus.h"

#include "base/str.h"
#include "systemd/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SERVICE "org.freedesktop.systemd1"
#define OBJECT "/org/freedesktop/systemd1"
#define MANAGER SERVICE ".Manager"

static int listen_to(struct manager *m);
static int open_private(bool user, sd_bus **ret);
static int on_job_removed(sd_bus_message *signal, void *arg, sd_bus_error *error);

int manager_open(bool user, struct manager *ret, struct err *e)
{
	struct manager *m = ret;

	*m = (struct manager){ .user = user };
	int r = user ? sd_bus_open_user(&m->bus) : sd_bus_open_system(&m->bus);
	if (r >= 0)
		r = listen_to(m);
	/* Also where a bus on a busy machine gave up before we could say who we are. */
	if (r < 0) {
		manager_close(m);
		if (open_private(user, &m->bus) >= 0 && listen_to(m) >= 0)
			return 0;
		manager_close(m);
		return err_set(e, -r, "connecting to the D-Bus of %s",
			user ? "this user (DBUS_SESSION_BUS_ADDRESS, or XDG_RUNTIME_DIR/bus)"
			     : "the system");
	}
	return 0;
}

/*
 * Before any job begins, so that no end is missed. Messages that come by systemd's own socket have
 * no sender, and a rule for one would never match them.
 */
static int listen_to(struct manager *m)
{
	int r = sd_bus_set_method_call_timeout(m->bus, (uint64_t)REQUEST_CALL_MS * 1000);

	if (r >= 0)
		r = sd_bus_is_bus_client(m->bus);
	if (r >= 0)
		r = sd_bus_match_signal(m->bus, NULL, r > 0 ? SERVICE : NULL, OBJECT, MANAGER,
			"JobRemoved", on_job_removed, m);
	return r;
}

void manager_close(struct manager *m)
{
	m->bus = sd_bus_flush_close_unref(m->bus);
}

/* systemctl(1) goes this way, too: it needs no bus daemon. */
static int open_private(bool user, sd_bus **ret)
{
	const char *dir = user ? getenv("XDG_RUNTIME_DIR") : "/run";
	char address[512];
	sd_bus *bus = NULL;

	if (str_empty(dir))
		return -ENOENT;
	/* What stands in an address without a meaning of its own (D-Bus specification, Server
	 * Addresses); a directory with other characters has no address here. */
	for (const char *p = dir; *p; p++)
		if (!strchr("-_/.*", *p) && !(*p >= '0' && *p <= '9') &&
			!(*p >= 'A' && *p <= 'Z') && !(*p >= 'a' && *p <= 'z'))
			return -EINVAL;
	int n = snprintf(address, sizeof(address), "unix:path=%s/systemd/private", dir);
	if (n < 0 || (size_t)n >= sizeof(address))
		return -ENAMETOOLONG;
	int r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		(void)sd_bus_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

int manager_new_call(struct manager *m, const char *method, sd_bus_message **ret, struct err *e)
{
	int r = sd_bus_message_new_method_call(m->bus, ret, SERVICE, OBJECT, MANAGER, method);

	return r < 0 ? err_set(e, -r, "making a D-Bus message") : 0;
}

int manager_call(struct manager *m, sd_bus_message *call, const char *what,
	sd_bus_message **ret_reply, sd_bus_error *ret_error, struct err *e)
{
	int r = sd_bus_call(m->bus, call, 0, ret_error, ret_reply);

	if (r >= 0)
		return 0;
	if (r == -ETIMEDOUT)
		return err_say(e, ETIMEDOUT, "%s: systemd did not answer within %d s", what,
			REQUEST_CALL_MS / 1000);
	if (sd_bus_error_is_set(ret_error) && !str_empty(ret_error->message))
		return err_say(e, -r, "%s: systemd refuses: %s", what, ret_error->message);
	return err_set(e, -r, "%s", what);
}

static int on_job_removed(sd_bus_message *signal, void *arg, sd_bus_error *error)
{
	struct manager *m = arg;
	const char *path, *unit, *result, *sender = sd_bus_message_get_sender(signal);
	uint32_t id;

	if (sd_bus_message_read(signal, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	/* Of many the oldest goes: ours comes after the call that began it. */
	struct job_end *end = &m->ends[m->n_ends++ % ELEMENTS(m->ends)];
	(void)snprintf(end->sender, sizeof(end->sender), "%s", sender ? sender : "");
	(void)snprintf(end->path, sizeof(end->path), "%s", path);
	(void)snprintf(end->result, sizeof(end->result), "%s", result);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * sender: whose job it is, "" without a bus. A bus delivers a signal that names its receiver
 * whatever that listens to, and lets anybody send one; only who answered the call is known to be
 * systemd.
 */
static int wait_job(
	struct manager *m, const char *sender, const char *path, const char *what, struct err *e)
{
	const int64_t deadline = now_ms() + REQUEST_JOB_MS;

	for (;;) {
		for (size_t i = 0; i < ELEMENTS(m->ends); i++) {
			const struct job_end *end = &m->ends[i];
			if (!str_eq(end->path, path) || !str_eq(end->sender, sender))
				continue;
			if (str_eq(end->result, "done"))
				return 0;
			return err_say(
				e, EIO, "%s: systemd's job ended as '%s'", what, end->result);
		}
		/* Also where others send without end. */
		const int64_t left = deadline - now_ms();
		if (left <= 0)
			return err_say(e, ETIMEDOUT, "%s: systemd's job did not end within %d s",
				what, REQUEST_JOB_MS / 1000);
		int r = sd_bus_process(m->bus, NULL);
		if (r == 0)
			r = sd_bus_wait(m->bus, (uint64_t)left * 1000);
		if (r < 0 && r != -EINTR)
			return err_set(e, -r, "%s: waiting for systemd's job", what);
	}
}

int manager_call_job(struct manager *m, sd_bus_message *call, const char *what,
	sd_bus_error *ret_error, struct err *e)
{
	sd_bus_message *reply = NULL;
	const char *path, *sender;
	int r = manager_call(m, call, what, &reply, ret_error, e);

	if (r < 0)
		return r;
	sender = sd_bus_message_get_sender(reply);
	r = sd_bus_message_read(reply, "o", &path);
	r = r < 0 ? err_set(e, -r, "%s: reading systemd's answer", what)
		  : wait_job(m, sender ? sender : "", path, what, e);
	(void)sd_bus_message_unref(reply);
	return r;
}

bool manager_active_state(struct manager *m, const char *unit, char *ret, size_t size)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *path;
	char *state = NULL;

	int r = sd_bus_call_method(
		m->bus, SERVICE, OBJECT, MANAGER, "GetUnit", &error, &reply, "s", unit);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r >= 0)
		r = sd_bus_get_property_string(
			m->bus, SERVICE, path, SERVICE ".Unit", "ActiveState", &error, &state);
	if (r >= 0)
		(void)snprintf(ret, size, "%s", state);
	free(state);
	(void)sd_bus_message_unref(reply);
	sd_bus_error_free(&error);
	return r >= 0;
}
