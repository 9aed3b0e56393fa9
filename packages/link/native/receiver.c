// Reads datagrams from a socket whenever the event loop finds it readable, many per system call, and hands them to a
// JavaScript function. Serves packet sockets and rtnetlink.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "link.h"

// One batch per wake-up: the rest waits for the loop's next round, so that a flood cannot starve timers.
#define BATCH 64
// A socket that keeps signalling an error without naming one would spin.
#define MAX_NAMELESS_ERRORS 16
// What JavaScript finds in the second word about each datagram.
#define TRUNCATED 1u
#define FOREIGN 2u

// Owned by two: the event loop until it has let go of handle and descriptor, and JavaScript until the handle is collected.
struct receiver {
  uv_poll_t poll;
  uv_work_t closing_work;
  int pending;
  int fd;
  int nameless_errors;
  uint32_t slot;
  bool closing, closed, collected, teardown;
  napi_env env;
  napi_ref self, ring, info, on_batch, on_closed;
  napi_async_context context;
  napi_async_cleanup_hook_handle hook;
};

static const napi_type_tag RECEIVER = {0x6c696e6b2d686572ULL, 0x616c642d72656376ULL};

static void release(struct receiver *r) {
  if (r->closed && r->collected) free(r);
}

static void drop_reference(napi_env env, napi_ref *reference) {
  if (*reference) napi_delete_reference(env, *reference);
  *reference = NULL;
}

// Runs a function of JavaScript's from the loop. What it throws becomes an uncaught exception, as with any callback.
static void call(struct receiver *r, napi_ref function, size_t count, napi_value *arguments) {
  napi_value global, callee, error;
  if (napi_get_global(r->env, &global) != napi_ok) return;
  if (napi_get_reference_value(r->env, function, &callee) != napi_ok || !callee) return;
  if (napi_make_callback(r->env, r->context, global, callee, count, arguments, NULL) != napi_pending_exception) return;
  if (napi_get_and_clear_last_exception(r->env, &error) == napi_ok) napi_fatal_exception(r->env, error);
}

static void finish(struct receiver *r) {
  napi_handle_scope scope;
  if (--r->pending > 0) return;
  if (r->on_closed && !r->teardown && napi_open_handle_scope(r->env, &scope) == napi_ok) {
    call(r, r->on_closed, 0, NULL);
    napi_close_handle_scope(r->env, scope);
  }
  drop_reference(r->env, &r->on_closed);
  if (r->context) napi_async_destroy(r->env, r->context);
  r->context = NULL;
  napi_async_cleanup_hook_handle hook = r->hook;
  r->closed = true;
  release(r);
  // Last: it may end the environment.
  if (hook) napi_remove_async_cleanup_hook(hook);
}

static void on_handle_closed(uv_handle_t *handle) { finish(handle->data); }

static void close_descriptor(uv_work_t *work) {
  struct receiver *r = work->data;
  close(r->fd);
}

static void on_descriptor_closed(uv_work_t *work, int status) {
  (void)status;
  finish(work->data);
}

static void begin_close(struct receiver *r) {
  if (r->closing) return;
  r->closing = true;
  r->pending = 1;
  uv_close((uv_handle_t *)&r->poll, on_handle_closed);
  // In the thread pool, for the kernel takes 10 to 30 ms to close a packet socket (it waits for all processors).
  if (r->fd >= 0) {
    r->pending++;
    r->closing_work.data = r;
    uv_queue_work(r->poll.loop, &r->closing_work, close_descriptor, on_descriptor_closed);
  }
  drop_reference(r->env, &r->self);
  drop_reference(r->env, &r->ring);
  drop_reference(r->env, &r->info);
  drop_reference(r->env, &r->on_batch);
}

// A worker or the process ends with the socket open.
static void on_teardown(napi_async_cleanup_hook_handle hook, void *data) {
  struct receiver *r = data;
  (void)hook;
  r->teardown = true;
  begin_close(r);
}

static void on_collected(napi_env env, void *data, void *hint) {
  struct receiver *r = data;
  (void)env, (void)hint;
  r->collected = true;
  begin_close(r);
  release(r);
}

// Whether JavaScript must not see this datagram: our own frames and those for other hosts, which include frames from
// which the kernel removed the tag of a VLAN that is not configured; netlink messages that the kernel did not send.
static bool is_foreign(const struct sockaddr_storage *from, socklen_t length) {
  if (length >= sizeof(struct sockaddr_ll) && from->ss_family == AF_PACKET) {
    uint8_t type = ((const struct sockaddr_ll *)from)->sll_pkttype;
    return type == PACKET_OUTGOING || type == PACKET_OTHERHOST;
  }
  if (length >= sizeof(struct sockaddr_nl) && from->ss_family == AF_NETLINK) {
    return ((const struct sockaddr_nl *)from)->nl_pid != 0;
  }
  return false;
}

static void deliver(struct receiver *r, int error, int count) {
  napi_value arguments[2] = {to_number(r->env, error), to_number(r->env, count)};
  if (arguments[0] && arguments[1]) call(r, r->on_batch, 2, arguments);
}

static bool view(napi_env env, napi_ref reference, napi_typedarray_type wanted, void **data, size_t *length) {
  napi_value value;
  napi_typedarray_type type;
  if (napi_get_reference_value(env, reference, &value) != napi_ok || !value) return false;
  return napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL) == napi_ok && type == wanted && *data;
}

static void receive(struct receiver *r) {
  uint8_t *ring;
  uint32_t *info;
  size_t ring_length, info_length;
  // Looked up anew each time: JavaScript can detach the memory under a typed array, which then has no length.
  if (!view(r->env, r->ring, napi_uint8_array, (void **)&ring, &ring_length) ||
      !view(r->env, r->info, napi_uint32_array, (void **)&info, &info_length)) {
    return deliver(r, EFAULT, 0);
  }
  size_t slots = ring_length / r->slot;
  if (slots > info_length / 2) slots = info_length / 2;
  if (slots > BATCH) slots = BATCH;

  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  struct sockaddr_storage from[BATCH];
  for (size_t i = 0; i < slots; i++) {
    vectors[i] = (struct iovec){.iov_base = ring + i * r->slot, .iov_len = r->slot};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
  }
  int count = recvmmsg(r->fd, messages, (unsigned)slots, MSG_DONTWAIT, NULL);
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR) deliver(r, errno, 0);
    return;
  }
  for (int i = 0; i < count; i++) {
    const struct msghdr *header = &messages[i].msg_hdr;
    info[2 * i] = messages[i].msg_len;
    info[2 * i + 1] = (header->msg_flags & MSG_TRUNC ? TRUNCATED : 0u) |
                      (is_foreign(&from[i], header->msg_namelen) ? FOREIGN : 0u);
  }
  r->nameless_errors = 0;
  deliver(r, 0, count);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  struct receiver *r = poll->data;
  napi_handle_scope scope;
  (void)events;
  if (r->closing || napi_open_handle_scope(r->env, &scope) != napi_ok) return;
  if (status == 0) {
    receive(r);
  } else {
    // libuv has stopped polling: an error is pending on the socket, as when the interface goes down. Reading it
    // clears it, and the socket works on.
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    r->nameless_errors = error ? 0 : r->nameless_errors + 1;
    if (r->nameless_errors > MAX_NAMELESS_ERRORS) {
      error = EIO;
    } else {
      int rearmed = uv_poll_start(poll, UV_READABLE, on_poll);
      if (rearmed < 0) error = -rearmed;
    }
    if (error) deliver(r, error, 0);
  }
  napi_close_handle_scope(r->env, scope);
}

// start(fd, ring: Uint8Array, info: Uint32Array, slot, onBatch(errno, count)): handle. Owns the descriptor from here
// on, unless it throws. Datagram i is at `i * slot` of the ring; info has its length and flags at 2i and 2i + 1.
napi_value receiver_start(napi_env env, napi_callback_info info) {
  napi_value arguments[5], name, handle;
  napi_valuetype type;
  napi_typedarray_type array;
  struct bytes ring;
  int32_t fd, slot;
  if (!read_arguments(env, info, 5, arguments) || !read_int(env, arguments[0], &fd) ||
      !read_bytes(env, arguments[1], &ring) || !read_int(env, arguments[3], &slot)) {
    return NULL;
  }
  if (slot < 64 || (size_t)slot > ring.length) return throw_type(env, "the ring must hold a slot of 64 bytes or more");
  if (napi_get_typedarray_info(env, arguments[2], &array, NULL, NULL, NULL, NULL) != napi_ok ||
      array != napi_uint32_array) {
    return throw_type(env, "Uint32Array expected");
  }
  if (napi_typeof(env, arguments[4], &type) != napi_ok || type != napi_function) {
    return throw_type(env, "function expected");
  }
  uv_loop_t *loop;
  struct receiver *r = calloc(1, sizeof *r);
  if (!r) return throw_errno(env, "receive", ENOMEM);
  r->env = env;
  r->fd = fd;
  r->slot = (uint32_t)slot;
  r->poll.data = r;
  int error = napi_get_uv_event_loop(env, &loop) == napi_ok ? uv_poll_init(loop, &r->poll, fd) : UV_EINVAL;
  if (error < 0) {
    free(r);
    return throw_errno(env, "receive", -error);
  }
  if (napi_create_string_utf8(env, "herald:receiver", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_async_init(env, NULL, name, &r->context) == napi_ok &&
      napi_create_reference(env, arguments[1], 1, &r->ring) == napi_ok &&
      napi_create_reference(env, arguments[2], 1, &r->info) == napi_ok &&
      napi_create_reference(env, arguments[4], 1, &r->on_batch) == napi_ok &&
      napi_add_async_cleanup_hook(env, on_teardown, r, &r->hook) == napi_ok &&
      napi_create_external(env, r, on_collected, NULL, &handle) == napi_ok) {
    // The reference to itself keeps an open receiver that JavaScript forgot from being collected, and falling silent.
    if (napi_type_tag_object(env, handle, &RECEIVER) == napi_ok &&
        napi_create_reference(env, handle, 1, &r->self) == napi_ok &&
        (error = uv_poll_start(&r->poll, UV_READABLE, on_poll)) == 0) {
      return handle;
    }
  } else {
    r->collected = true;
  }
  // The caller keeps the descriptor of a receiver that did not start.
  r->fd = -1;
  begin_close(r);
  return throw_errno(env, "receive", error < 0 ? -error : ENOMEM);
}

// stop(handle, onClosed): onBatch is not called any more; onClosed is when the descriptor is closed.
napi_value receiver_stop(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  napi_valuetype type;
  bool ours = false;
  void *data;
  if (!read_arguments(env, info, 2, arguments)) return NULL;
  if (napi_typeof(env, arguments[0], &type) != napi_ok || type != napi_external ||
      napi_check_object_type_tag(env, arguments[0], &RECEIVER, &ours) != napi_ok || !ours ||
      napi_get_value_external(env, arguments[0], &data) != napi_ok) {
    return throw_type(env, "receiver expected");
  }
  if (napi_typeof(env, arguments[1], &type) != napi_ok || type != napi_function) {
    return throw_type(env, "function expected");
  }
  struct receiver *r = data;
  if (r->closing) return throw_type(env, "the receiver is closed");
  if (napi_create_reference(env, arguments[1], 1, &r->on_closed) != napi_ok) return throw_errno(env, "close", ENOMEM);
  begin_close(r);
  return NULL;
}
