// Asks for addresses by ARP and prints one JSON object.
// arp-requester INTERFACE SENDER-ADDRESS FIRST-ADDRESS COUNT latency REQUESTS: one at a time, busy-polling for each reply (at most 100 ms).
// arp-requester INTERFACE SENDER-ADDRESS FIRST-ADDRESS COUNT flood RATE SECONDS: paced, counting the replies.
// Addresses are asked for in a scattered order, so that no cache helps.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct arp {
  uint8_t destination[6], source[6];
  uint16_t ethertype, hardware, protocol;
  uint8_t mac_length, ip_length;
  uint16_t operation;
  uint8_t sender_mac[6], sender_ip[4], target_mac[6], target_ip[4];
  uint8_t padding[18];
} __attribute__((packed));

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int compare(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static int fd;
static struct arp request;
static uint32_t low, addresses, asked;

static uint32_t ask(void) {
  uint32_t target = htonl(low + (uint32_t)((asked++ * 7919ULL) % addresses));
  memcpy(request.target_ip, &target, 4);
  if (send(fd, &request, 60, 0) < 0 && asked == 1) perror("send");
  return target;
}

static int is_reply(const struct arp *frame, ssize_t length) { return length >= 42 && frame->operation == htons(2); }

static int latency(unsigned long requests) {
  int64_t *times = calloc(requests, sizeof *times);
  unsigned long answered = 0;
  struct arp reply;
  if (!times) return 1;
  for (unsigned long i = 0; i < requests; i++) {
    int64_t start = now();
    uint32_t target = ask();
    for (int64_t at = start; at - start < 100000000; at = now()) {
      ssize_t length = recv(fd, &reply, sizeof reply, MSG_DONTWAIT);
      if (is_reply(&reply, length) && memcmp(reply.sender_ip, &target, 4) == 0) {
        times[answered++] = now() - start;
        break;
      }
    }
    usleep(200);
  }
  qsort(times, answered, sizeof *times, compare);
  if (!answered) return printf("{\"requests\":%lu,\"answered\":0}\n", requests), 0;
  printf("{\"requests\":%lu,\"answered\":%lu,\"p50Us\":%.1f,\"p99Us\":%.1f,\"maxUs\":%.1f}\n", requests, answered,
         times[answered / 2] / 1e3, times[answered * 99 / 100] / 1e3, times[answered - 1] / 1e3);
  free(times);
  return 0;
}

static int flood(unsigned long rate, unsigned long seconds) {
  unsigned long sent = 0, answered = 0, total = rate * seconds;
  struct arp reply;
  int64_t start = now(), quiet = 0;
  while (quiet < 200000000) {
    unsigned long due = (unsigned long)((now() - start) * (double)rate / 1e9);
    for (int burst = 0; sent < total && sent < due && burst < 64; burst++, sent++) ask();
    int64_t idle = now();
    for (int burst = 0; burst < 256; burst++) {
      ssize_t length = recv(fd, &reply, sizeof reply, MSG_DONTWAIT);
      if (length < 0) break;
      answered += is_reply(&reply, length);
      idle = 0;
    }
    if (sent == total && idle) quiet += 20000, usleep(20);
    else if (!idle) quiet = 0;
  }
  printf("{\"sent\":%lu,\"answered\":%lu,\"seconds\":%lu}\n", sent, answered, seconds);
  return 0;
}

int main(int argc, char **argv) {
  struct in_addr sender, first;
  if (argc < 7 || inet_pton(AF_INET, argv[2], &sender) != 1 || inet_pton(AF_INET, argv[3], &first) != 1) {
    fprintf(stderr, "usage: arp-requester INTERFACE SENDER FIRST COUNT latency REQUESTS | flood RATE SECONDS\n");
    return 2;
  }
  low = ntohl(first.s_addr);
  addresses = (uint32_t)strtoul(argv[4], NULL, 10);
  fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP));
  struct ifreq interface = {0};
  snprintf(interface.ifr_name, sizeof interface.ifr_name, "%s", argv[1]);
  if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &interface) < 0) return perror("arp-requester"), 1;
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = (int)if_nametoindex(argv[1])};
  int buffer = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) return perror("arp-requester"), 1;
  memset(request.destination, 0xff, 6);
  memcpy(request.source, interface.ifr_hwaddr.sa_data, 6);
  request.ethertype = htons(ETH_P_ARP);
  request.hardware = htons(1);
  request.protocol = htons(ETH_P_IP);
  request.mac_length = 6;
  request.ip_length = 4;
  request.operation = htons(1);
  memcpy(request.sender_mac, request.source, 6);
  memcpy(request.sender_ip, &sender, 4);
  if (strcmp(argv[5], "latency") == 0) return latency(strtoul(argv[6], NULL, 10));
  if (strcmp(argv[5], "flood") == 0 && argc == 8) return flood(strtoul(argv[6], NULL, 10), strtoul(argv[7], NULL, 10));
  return 2;
}
