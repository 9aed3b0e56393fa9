// System calls that Node does not offer. Policy and structures are TypeScript's; this checks bounds and types, and
// knows no addresses, filters or options.
#define _GNU_SOURCE
#include "link.h"

#include <errno.h>
#include <linux/filter.h>
#include <malloc.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define BATCH 64
#define MAX_OPTION 1024

napi_value throw_errno(napi_env env, const char *operation, int error) {
  char message[128];
  const char *code = uv_err_name(-error);
  size_t length = strlen(operation);
  if (length > 32) length = 32;
  memcpy(message, operation, length);
  message[length++] = ':';
  message[length++] = ' ';
  uv_strerror_r(-error, message + length, sizeof message - length);
  napi_throw_error(env, code, message);
  return NULL;
}

napi_value throw_type(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

napi_value to_number(napi_env env, double number) {
  napi_value value;
  return napi_create_double(env, number, &value) == napi_ok ? value : NULL;
}

bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *out) {
  size_t passed = count;
  if (napi_get_cb_info(env, info, &passed, out, NULL, NULL) == napi_ok && passed == count) return true;
  throw_type(env, "wrong number of arguments");
  return false;
}

bool read_int(napi_env env, napi_value value, int32_t *out) {
  double number;
  if (napi_get_value_double(env, value, &number) == napi_ok && number >= INT32_MIN && number <= INT32_MAX &&
      number == (double)(int32_t)number) {
    *out = (int32_t)number;
    return true;
  }
  throw_type(env, "32-bit integer expected");
  return false;
}

bool read_bytes(napi_env env, napi_value value, struct bytes *out) {
  bool is_array = false;
  napi_typedarray_type type;
  void *data = NULL;
  if (napi_is_typedarray(env, value, &is_array) == napi_ok && is_array &&
      napi_get_typedarray_info(env, value, &type, &out->length, &data, NULL, NULL) == napi_ok &&
      type == napi_uint8_array) {
    out->data = data;
    if (!data) out->length = 0;
    return true;
  }
  throw_type(env, "Uint8Array expected");
  return false;
}

static napi_value to_bytes(napi_env env, const void *data, size_t length) {
  napi_value buffer, array;
  void *copy;
  if (napi_create_arraybuffer(env, length, &copy, &buffer) != napi_ok) return NULL;
  if (length > 0) memcpy(copy, data, length);
  return napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &array) == napi_ok ? array : NULL;
}

// socket(domain, type, protocol): descriptor, non-blocking and not inherited.
static napi_value open_socket(napi_env env, napi_callback_info info) {
  napi_value a[3];
  int32_t domain, type, protocol;
  if (!read_arguments(env, info, 3, a) || !read_int(env, a[0], &domain) || !read_int(env, a[1], &type) ||
      !read_int(env, a[2], &protocol)) {
    return NULL;
  }
  int fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  return fd < 0 ? throw_errno(env, "socket", errno) : to_number(env, fd);
}

static napi_value close_descriptor(napi_env env, napi_callback_info info) {
  napi_value a[1];
  int32_t fd;
  if (!read_arguments(env, info, 1, a) || !read_int(env, a[0], &fd)) return NULL;
  return close(fd) < 0 && errno != EINTR ? throw_errno(env, "close", errno) : NULL;
}

// bind(fd, sockaddr)
static napi_value bind_socket(napi_env env, napi_callback_info info) {
  napi_value a[2];
  int32_t fd;
  struct bytes bytes;
  struct sockaddr_storage address = {0};
  if (!read_arguments(env, info, 2, a) || !read_int(env, a[0], &fd) || !read_bytes(env, a[1], &bytes)) return NULL;
  if (bytes.length < sizeof(sa_family_t) || bytes.length > sizeof address) return throw_type(env, "not a sockaddr");
  memcpy(&address, bytes.data, bytes.length);
  if (bind(fd, (struct sockaddr *)&address, (socklen_t)bytes.length) < 0) return throw_errno(env, "bind", errno);
  return NULL;
}

// socketName(fd): sockaddr
static napi_value socket_name(napi_env env, napi_callback_info info) {
  napi_value a[1];
  int32_t fd;
  struct sockaddr_storage address = {0};
  socklen_t length = sizeof address;
  if (!read_arguments(env, info, 1, a) || !read_int(env, a[0], &fd)) return NULL;
  if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) return throw_errno(env, "getsockname", errno);
  return to_bytes(env, &address, length < sizeof address ? length : sizeof address);
}

// setOption(fd, level, name, value)
static napi_value set_option(napi_env env, napi_callback_info info) {
  napi_value a[4];
  int32_t fd, level, name;
  struct bytes value;
  if (!read_arguments(env, info, 4, a) || !read_int(env, a[0], &fd) || !read_int(env, a[1], &level) ||
      !read_int(env, a[2], &name) || !read_bytes(env, a[3], &value)) {
    return NULL;
  }
  if (value.length > MAX_OPTION) return throw_type(env, "option too long");
  // These take a pointer, which only attachFilter may make.
  if (level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_ATTACH_REUSEPORT_CBPF)) {
    return throw_type(env, "use attachFilter");
  }
  if (setsockopt(fd, level, name, value.data, (socklen_t)value.length) < 0) {
    return throw_errno(env, "setsockopt", errno);
  }
  return NULL;
}

// getOption(fd, level, name, length): value, of at most `length` bytes.
static napi_value get_option(napi_env env, napi_callback_info info) {
  napi_value a[4];
  int32_t fd, level, name, wanted;
  uint8_t value[MAX_OPTION] = {0};
  if (!read_arguments(env, info, 4, a) || !read_int(env, a[0], &fd) || !read_int(env, a[1], &level) ||
      !read_int(env, a[2], &name) || !read_int(env, a[3], &wanted)) {
    return NULL;
  }
  if (wanted < 0 || wanted > MAX_OPTION) return throw_type(env, "option too long");
  socklen_t length = (socklen_t)wanted;
  if (getsockopt(fd, level, name, value, &length) < 0) return throw_errno(env, "getsockopt", errno);
  return to_bytes(env, value, length < sizeof value ? length : sizeof value);
}

// attachFilter(fd, program): an array of struct sock_filter, which the kernel verifies and copies.
static napi_value attach_filter(napi_env env, napi_callback_info info) {
  napi_value a[2];
  int32_t fd;
  struct bytes bytes;
  struct sock_filter program[BPF_MAXINSNS];
  if (!read_arguments(env, info, 2, a) || !read_int(env, a[0], &fd) || !read_bytes(env, a[1], &bytes)) return NULL;
  if (bytes.length == 0 || bytes.length > sizeof program || bytes.length % sizeof *program != 0) {
    return throw_type(env, "not a filter program");
  }
  memcpy(program, bytes.data, bytes.length);
  struct sock_fprog filter = {.len = (unsigned short)(bytes.length / sizeof *program), .filter = program};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0) {
    return throw_errno(env, "SO_ATTACH_FILTER", errno);
  }
  return NULL;
}

// send(fd, datagram): 0 or the error number, because failure is ordinary while an interface is down.
static napi_value send_one(napi_env env, napi_callback_info info) {
  napi_value a[2];
  int32_t fd;
  struct bytes bytes;
  if (!read_arguments(env, info, 2, a) || !read_int(env, a[0], &fd) || !read_bytes(env, a[1], &bytes)) return NULL;
  ssize_t sent = send(fd, bytes.data, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL);
  return to_number(env, sent < 0 ? errno : 0);
}

// Sends elements `from` up to `to` of an array; returns how many went out, or -1 with an exception pending.
static int send_chunk(napi_env env, int fd, napi_value array, uint32_t from, uint32_t to) {
  napi_value elements[BATCH];
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  uint32_t count = to - from;
  // All elements first: a getter among them could detach memory that has already been looked up.
  for (uint32_t i = 0; i < count; i++) {
    if (napi_get_element(env, array, from + i, &elements[i]) != napi_ok) return -1;
  }
  for (uint32_t i = 0; i < count; i++) {
    struct bytes bytes;
    if (!read_bytes(env, elements[i], &bytes)) return -1;
    vectors[i] = (struct iovec){.iov_base = bytes.data, .iov_len = bytes.length};
    messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &vectors[i], .msg_iovlen = 1}};
  }
  int sent = sendmmsg(fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? 0 : sent;
}

// sendMany(fd, datagrams): how many were sent; the first that was not ended it.
static napi_value send_many(napi_env env, napi_callback_info info) {
  napi_value a[2];
  int32_t fd;
  uint32_t length, sent = 0;
  if (!read_arguments(env, info, 2, a) || !read_int(env, a[0], &fd)) return NULL;
  if (napi_get_array_length(env, a[1], &length) != napi_ok) return throw_type(env, "array expected");
  while (sent < length) {
    napi_handle_scope scope;
    uint32_t chunk = length - sent < BATCH ? length - sent : BATCH;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return NULL;
    int count = send_chunk(env, fd, a[1], sent, sent + chunk);
    napi_close_handle_scope(env, scope);
    if (count < 0) return NULL;
    sent += (uint32_t)count;
    if ((uint32_t)count < chunk) break;
  }
  return to_number(env, sent);
}

// interfaceIndex(name): 0 if there is none.
static napi_value interface_index(napi_env env, napi_callback_info info) {
  napi_value a[1];
  char name[IF_NAMESIZE + 1];
  size_t length;
  if (!read_arguments(env, info, 1, a)) return NULL;
  if (napi_get_value_string_utf8(env, a[0], name, sizeof name, &length) != napi_ok) {
    return throw_type(env, "string expected");
  }
  return to_number(env, length == 0 || length >= IF_NAMESIZE ? 0 : if_nametoindex(name));
}

static napi_value change_lock(napi_env env, napi_callback_info info, int operation) {
  napi_value a[1], result;
  int32_t fd;
  int failed;
  if (!read_arguments(env, info, 1, a) || !read_int(env, a[0], &fd)) return NULL;
  do failed = flock(fd, operation | LOCK_NB);
  while (failed && errno == EINTR);
  if (failed && errno != EWOULDBLOCK) return throw_errno(env, "flock", errno);
  return napi_get_boolean(env, !failed, &result) == napi_ok ? result : NULL;
}

// lock(fd): whether this open file now has the lock.
static napi_value lock(napi_env env, napi_callback_info info) { return change_lock(env, info, LOCK_EX); }

static napi_value unlock(napi_env env, napi_callback_info info) { return change_lock(env, info, LOCK_UN); }

// Unmaps program text that is as it is in its file; what runs again is mapped again from the page cache. Where anything
// was written, by a debugger say, it would be lost: such a mapping stays.
static void unmap_text(void) {
  FILE *maps = fopen("/proc/self/smaps", "re");
  char *line = NULL;
  size_t size = 0;
  unsigned long first, last, inode, written, start = 0, end = 0;
  bool is_text = false;
  if (!maps) return;
  while (getline(&line, &size, maps) > 0) {
    char mode[5];
    if (sscanf(line, "%lx-%lx %4s %*s %*s %lu", &first, &last, mode, &inode) == 4) {
      start = first;
      end = last;
      is_text = strcmp(mode, "r-xp") == 0 && inode != 0;
    } else if (is_text && sscanf(line, "Anonymous: %lu kB", &written) == 1 && written == 0) {
      madvise((void *)start, end - start, MADV_DONTNEED);
    }
  }
  free(line);
  fclose(maps);
}

// trim(): gives back what need not be resident: free parts of the C heap (only glibc has to be asked), program text.
static napi_value trim(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  unmap_text();
  return NULL;
}

// exit(code): ends the process at once, without waiting for any thread.
static napi_value exit_now(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  int32_t code;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count < 1 ||
      napi_get_value_int32(env, argument, &code) != napi_ok) {
    napi_throw_type_error(env, "EINVAL", "exit: a number is needed");
    return NULL;
  }
  _exit(code);
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"socket", open_socket},
      {"close", close_descriptor},
      {"bind", bind_socket},
      {"socketName", socket_name},
      {"setOption", set_option},
      {"getOption", get_option},
      {"attachFilter", attach_filter},
      {"send", send_one},
      {"sendMany", send_many},
      {"interfaceIndex", interface_index},
      {"lock", lock},
      {"unlock", unlock},
      {"trim", trim},
      {"exit", exit_now},
      {"start", receiver_start},
      {"stop", receiver_stop},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    const char *name = functions[i].name;
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function) != napi_ok ||
        napi_set_named_property(env, exports, name, function) != napi_ok) {
      return NULL;
    }
  }
  return exports;
}
