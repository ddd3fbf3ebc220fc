/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - hasu-systemd, the program by which hasu speaks to systemd. See request.h.
 *
 * It has the rights of who calls hasu and no others, takes its bus from the request and that alone,
 * and touches no cgroup itself. Never leaves a unit that it began to start and that did not come
 * up.
 */
#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"
#include "systemd/bus.h"
#include "systemd/property.h"
#include "systemd/request.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Of one call: properties that are dropped, units that are on their way out. */
#define TRIES_MAX 32
#define GONE_MS 5000 /* the longest wait for a unit of this name that has ended */

struct request {
	struct fields rest;
	struct manager manager;
	const char *unit;
	struct unknown unknown;
};

typedef int verb_fn(struct request *q, struct err *e);
static verb_fn start, set, attach, stop;

static const struct verb {
	const char *name;
	verb_fn *run;
} verbs[] = {
	{ "start", start },
	{ "set", set },
	{ "attach", attach },
	{ "stop", stop },
};

static int carry_out(struct fields fields, struct err *e);
static int answer(int r, const struct err *e);

int main(void)
{
	_cleanup_free_ char *text = NULL;
	struct err e = { 0 };
	size_t len;

	int r = fd_read_all(STDIN_FILENO, REQUEST_MAX, &text, &len);
	if (r < 0)
		r = err_set(&e, -r, "reading the request");
	else
		r = carry_out((struct fields){ text, text + len }, &e);
	return answer(r, &e) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int answer(int r, const struct err *e)
{
	struct strbuf b = { 0 };

	if (r < 0)
		strbuf_addf(&b, "error%c%d%c%s%c", 0, e->num, 0, e->text, 0);
	else
		strbuf_add(&b, "ok", sizeof("ok"));
	r = b.failed ? -ENOMEM : fd_write_all(STDOUT_FILENO, b.text, b.len);
	strbuf_free(&b);
	return r;
}

static int carry_out(struct fields fields, struct err *e)
{
	struct request q = { .rest = fields };
	const char *name = fields_take(&q.rest, "verb", e);
	const char *bus = name ? fields_take(&q.rest, "bus", e) : NULL;

	q.unit = bus ? fields_take(&q.rest, "unit", e) : NULL;
	if (!q.unit)
		return -EBADMSG;
	for (size_t i = 0; i < ELEMENTS(verbs); i++) {
		if (!str_eq(verbs[i].name, name))
			continue;
		int r = manager_open(str_eq(bus, "user"), &q.manager, e);
		if (r == 0) {
			r = verbs[i].run(&q, e);
			manager_close(&q.manager);
		}
		return r;
	}
	return err_say(e, EBADMSG,
		"this program speaks to systemd for hasu, which gives it a request on its "
		"standard input; '%s' is none",
		name);
}

/* A call that takes the unit's name alone. */
static int call_unit(struct request *q, const char *method, sd_bus_message **ret, struct err *e)
{
	int r = manager_new_call(&q->manager, method, ret, e);

	if (r == 0 && (r = sd_bus_message_append_basic(*ret, 's', q->unit)) < 0)
		r = err_set(e, -r, "making a D-Bus message");
	return r < 0 ? r : 0;
}

/* So that systemd forgets a unit that failed; not an error that it has none. */
static void reset_failed(struct request *q)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *call = NULL;
	struct err ignored = { 0 };

	if (call_unit(q, "ResetFailedUnit", &call, &ignored) == 0)
		(void)manager_call(&q->manager, call, "", NULL, &error, &ignored);
	(void)sd_bus_message_unref(call);
	sd_bus_error_free(&error);
}

/*
 * Start.
 */

static int start_call(struct request *q, sd_bus_message **ret, struct err *e)
{
	int r = call_unit(q, "StartTransientUnit", ret, e);

	if (r == 0 && (r = sd_bus_message_append(*ret, "s", "fail")) < 0)
		r = err_set(e, -r, "making a D-Bus message");
	if (r >= 0)
		r = properties_append(q->rest, &q->unknown, *ret, e);
	/* No auxiliary units. */
	if (r >= 0 && (r = sd_bus_message_append(*ret, "a(sa(sv))", 0)) < 0)
		r = err_set(e, -r, "making a D-Bus message");
	return r < 0 ? r : 0;
}

static bool is_ending(const char *state)
{
	return str_eq(state, "inactive") || str_eq(state, "failed") ||
	       str_eq(state, "deactivating");
}

/* A unit of this name that has ended is forgotten by systemd in a moment; one that is active is
 * somebody's. */
static int wait_gone(struct request *q, struct err *e)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000000L };
	char state[32];

	reset_failed(q);
	for (int waited = 0; waited < GONE_MS; waited += 20) {
		if (!manager_active_state(&q->manager, q->unit, state, sizeof(state)))
			return 0;
		if (!is_ending(state))
			return err_say(e, EEXIST,
				"systemd has a unit %s already, and it is %s: give each container "
				"a "
				"linux.cgroupsPath of its own",
				q->unit, state);
		(void)nanosleep(&pause, NULL); /* a shorter pause does no harm */
		reset_failed(q);
	}
	return err_say(e, EBUSY, "systemd has a unit %s already, and it stays %s", q->unit, state);
}

static int start(struct request *q, struct err *e)
{
	char what[320];
	int r;

	(void)snprintf(what, sizeof(what), "starting %s", q->unit);
	for (int tries = 0;; tries++) {
		sd_bus_error error = SD_BUS_ERROR_NULL;
		sd_bus_message *call = NULL;
		bool again = false;

		*e = (struct err){ 0 };
		r = start_call(q, &call, e);
		/* What was never sent began nothing: a unit of that name is somebody else's. */
		const bool sent = r == 0;
		if (sent)
			r = manager_call_job(&q->manager, call, what, &error, e);
		if (r < 0 && sd_bus_error_has_name(&error, "org.freedesktop.systemd1.UnitExists")) {
			r = wait_gone(q, e);
			again = r == 0;
		} else if (r < 0 &&
			   sd_bus_error_has_name(&error, SD_BUS_ERROR_PROPERTY_READ_ONLY)) {
			again = properties_may_drop(q->rest, error.message, &q->unknown);
		} else if (r < 0 && sent && !sd_bus_error_is_set(&error)) {
			/* The call was taken, but what it began did not end well. */
			struct err why = *e;
			(void)stop(q, e);
			*e = why;
		}
		(void)sd_bus_message_unref(call);
		sd_bus_error_free(&error);
		if (!again || tries == TRIES_MAX)
			return r;
	}
}

/*
 * The others.
 */

static int set(struct request *q, struct err *e)
{
	char what[320];
	int r;

	(void)snprintf(what, sizeof(what), "changing the properties of %s", q->unit);
	for (int tries = 0;; tries++) {
		sd_bus_error error = SD_BUS_ERROR_NULL;
		sd_bus_message *call = NULL;

		*e = (struct err){ 0 };
		r = call_unit(q, "SetUnitProperties", &call, e);
		/* For this run of the unit: nothing goes to /etc. */
		if (r == 0 && (r = sd_bus_message_append(call, "b", 1)) < 0)
			r = err_set(e, -r, "making a D-Bus message");
		if (r >= 0)
			r = properties_append(q->rest, &q->unknown, call, e);
		if (r >= 0)
			r = manager_call(&q->manager, call, what, NULL, &error, e);
		const bool again = r < 0 &&
				   sd_bus_error_has_name(&error, SD_BUS_ERROR_PROPERTY_READ_ONLY) &&
				   properties_may_drop(q->rest, error.message, &q->unknown);
		(void)sd_bus_message_unref(call);
		sd_bus_error_free(&error);
		if (!again || tries == TRIES_MAX)
			return r;
	}
}

static int attach(struct request *q, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *call = NULL;
	uint64_t pid;
	char what[320];

	const char *below = fields_take(&q->rest, "cgroup below", e);
	if (!below || fields_number(&q->rest, "process", INT_MAX, &pid, e) < 0)
		return -EBADMSG;
	(void)snprintf(what, sizeof(what), "putting process %d into %s", (int)pid, q->unit);
	int r = call_unit(q, "AttachProcessesToUnit", &call, e);
	if (r == 0 && (r = sd_bus_message_append(call, "sau", below, 1, (uint32_t)pid)) < 0)
		r = err_set(e, -r, "making a D-Bus message");
	if (r >= 0)
		r = manager_call(&q->manager, call, what, NULL, &error, e);
	(void)sd_bus_message_unref(call);
	sd_bus_error_free(&error);
	return r;
}

static int stop(struct request *q, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *call = NULL;
	char what[320];

	(void)snprintf(what, sizeof(what), "stopping %s", q->unit);
	int r = call_unit(q, "StopUnit", &call, e);
	if (r == 0 && (r = sd_bus_message_append(call, "s", "replace")) < 0)
		r = err_set(e, -r, "making a D-Bus message");
	if (r >= 0)
		r = manager_call_job(&q->manager, call, what, &error, e);
	if (r < 0 && sd_bus_error_has_name(&error, "org.freedesktop.systemd1.NoSuchUnit")) {
		*e = (struct err){ 0 };
		r = 0;
	}
	(void)sd_bus_message_unref(call);
	sd_bus_error_free(&error);
	reset_failed(q);
	return r;
}
