// The yardstick: a plain C program that answers ARP on an AF_PACKET socket, one poll and one read a packet.
// arp-responder INTERFACE FIRST-ADDRESS COUNT: answers requests for COUNT addresses from FIRST-ADDRESS on, until killed.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct arp {
  uint8_t destination[6], source[6];
  uint16_t ethertype, hardware, protocol;
  uint8_t mac_length, ip_length;
  uint16_t operation;
  uint8_t sender_mac[6], sender_ip[4], target_mac[6], target_ip[4];
  uint8_t padding[18];
} __attribute__((packed));

int main(int argc, char **argv) {
  struct in_addr first;
  if (argc != 4 || inet_pton(AF_INET, argv[2], &first) != 1) {
    fprintf(stderr, "usage: arp-responder INTERFACE FIRST-ADDRESS COUNT\n");
    return 2;
  }
  uint32_t low = ntohl(first.s_addr), count = (uint32_t)strtoul(argv[3], NULL, 10);
  int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP));
  struct ifreq request = {0};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", argv[1]);
  if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0) return perror("arp-responder"), 1;
  uint8_t mac[6];
  memcpy(mac, request.ifr_hwaddr.sa_data, 6);
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = (int)if_nametoindex(argv[1])};
  int buffer = 2 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) return perror("arp-responder"), 1;
  puts("ready");
  fflush(stdout);
  struct arp frame;
  for (;;) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, -1) < 0) return 1;
    ssize_t length = recv(fd, &frame, sizeof frame, MSG_DONTWAIT);
    if (length < 42 || frame.operation != htons(1)) continue;
    uint32_t target;
    memcpy(&target, frame.target_ip, 4);
    if (ntohl(target) - low >= count) continue;
    memcpy(frame.destination, frame.sender_mac, 6);
    memcpy(frame.source, mac, 6);
    frame.operation = htons(2);
    memcpy(frame.target_mac, frame.sender_mac, 6);
    memcpy(frame.target_ip, frame.sender_ip, 4);
    memcpy(frame.sender_mac, mac, 6);
    memcpy(frame.sender_ip, &target, 4);
    memset(frame.padding, 0, sizeof frame.padding);
    if (send(fd, &frame, 60, 0) < 0) perror("send");
  }
}
