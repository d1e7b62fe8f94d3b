// kalam-stub, a stand-alone double of a KalamDB server.
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <optional>

#include "stub/program/control_client.h"
#include "stub/rpc/grpc_service.h"

namespace kalam::stub {

namespace {

std::string join_address(const std::string& host, int port) {
  bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const Options& options) {
  if (options.tls_cert.empty()) return grpc::InsecureServerCredentials();
  grpc_ssl_client_certificate_request_type request = GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  if (!options.tls_ca.empty()) request = GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
  if (options.require_client_cert) request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  grpc::SslServerCredentialsOptions tls(request);
  tls.pem_key_cert_pairs.push_back({read_pem(options.tls_key), read_pem(options.tls_cert)});
  if (!options.tls_ca.empty()) tls.pem_root_certs = read_pem(options.tls_ca);
  return grpc::SslServerCredentials(tls);
}

void write_port_file(const std::string& file, const std::string& address) {
  // A reader must never see half of it.
  std::string temporary = file + ".new";
  std::ofstream out(temporary);
  out << address << "\n";
  out.close();
  if (!out || std::rename(temporary.c_str(), file.c_str()) != 0) {
    throw std::runtime_error("could not write \"" + file + "\"");
  }
}

int run_server(const Options& options) {
  // Before gRPC starts threads, so that all of them inherit the mask and sigwait gets the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::optional<Pace> pace;
  if (!options.pace.empty()) {
    std::string error;
    pace = Pace::load(options.pace, error);
    if (!pace) throw std::runtime_error(error);
  }
  Server server(options);
  Dispatcher dispatcher(server, options);
  Faults faults;
  for (const std::string& text : options.faults) {
    std::string error;
    auto fault = Faults::parse(text, error);
    if (!fault) throw std::runtime_error("invalid fault: " + error);
    faults.add(*fault);
  }
  RpcLog log(options.rpc_log);
  std::optional<Relay> relay;
  if (options.relay) relay.emplace(options.host, options.port, Relay::Behaviour{options.nagle, options.split_writes});
  Relay* relay_or_none = relay ? &*relay : nullptr;
  Control control(server, faults, log, relay_or_none, [] { kill(getpid(), SIGTERM); });
  CallQueue calls;
  CallQueue commands;
  Pacer pacer(std::move(pace));
  GrpcService service({server, dispatcher, control, faults, log, relay_or_none, calls, pacer, commands});

  grpc::ServerBuilder builder;
  int grpc_port = 0;
  builder.AddListeningPort(relay ? "127.0.0.1:0" : join_address(options.host, options.port),
                           server_credentials(options), &grpc_port);
  builder.SetMaxReceiveMessageSize(-1);
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterCallbackGenericService(&service);
  std::unique_ptr<grpc::Server> grpc_server = builder.BuildAndStart();
  if (grpc_server == nullptr || grpc_port == 0) {
    throw std::runtime_error("could not listen on " + join_address(options.host, options.port));
  }
  if (relay) relay->run(grpc_port);
  std::string address = join_address(options.host, relay ? relay->port() : grpc_port);
  server.set_address(address);
  if (!options.port_file.empty()) write_port_file(options.port_file, address);
  std::printf("listening on %s\n", address.c_str());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  calls.stop();
  grpc_server->Shutdown(std::chrono::system_clock::now());
  grpc_server->Wait();
  return 0;
}

}  // namespace

}  // namespace kalam::stub

int main(int count, char** values) {
  using namespace kalam::stub;
  std::vector<std::string> arguments(values + 1, values + count);
  if (!arguments.empty() && arguments[0] == "control") {
    arguments.erase(arguments.begin());
    return run_control(arguments);
  }
  Options options;
  bool help = false;
  std::string error;
  if (!parse_options(arguments, options, help, error)) {
    std::fprintf(stderr, "kalam-stub: %s\nTry \"kalam-stub --help\".\n", error.c_str());
    return 2;
  }
  if (help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  try {
    return run_server(options);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "kalam-stub: %s\n", failure.what());
    return 1;
  }
}
