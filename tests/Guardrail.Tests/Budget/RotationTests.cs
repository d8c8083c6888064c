using System.Net;
using System.Security.Authentication;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Pricing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>
/// A guardrail and two replicas of the operator through two rotations of the CA, a real handshake for each request: the CA file is as old
/// as a slow kubelet makes it, and the second replica serves what was there when it was cut off.
/// </summary>
public sealed class RotationTests : IAsyncDisposable
{
    private const string Host = "localhost";
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(5);

    // The clock that is moved is not the one that handshakes go by: what is made later must be valid already.
    private readonly FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());
    private readonly string folder = Directory.CreateTempSubdirectory("rotation").FullName;
    private readonly List<(DateTimeOffset At, CertificateState State)> history = [];
    private readonly List<WebApplication> servers = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers)
            await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task No_request_fails_while_CA_and_certificate_are_renewed()
    {
        var (requests, failed, authorities) = await RotateAsync(overlap: 30, kubelet: 25, replica: 25);
        (requests, failed).ShouldBe((2 * 12 * 60, 0));
        authorities.ShouldBe(3);
    }

    [Theory]
    [InlineData(0, 5, 0, "without an overlap")]
    [InlineData(30, 60, 0, "where the file comes later than the overlap")]
    [InlineData(30, 0, 60, "where a replica serves the old one for longer than the overlap")]
    public async Task Requests_fail_when_the_overlap_is_broken(int overlap, int kubelet, int replica, string how) =>
        (await RotateAsync(overlap, kubelet, replica)).Failed.ShouldBeGreaterThan(0, how);

    private async Task<(int Requests, int Failed, int Authorities)> RotateAsync(int overlap, int kubelet, int replica)
    {
        var plan = new RotationPlan(TimeSpan.FromHours(36), TimeSpan.FromHours(12), TimeSpan.FromMinutes(overlap))
        {
            Skew = TimeSpan.FromDays(1000),
        };
        CertificateState? state = null;
        var clients = new List<HttpGrantAuthority>();
        var begin = time.GetUtcNow();
        var (requests, failed) = (0, 0);
        for (var now = begin; now < begin.AddHours(60); now = now.Add(Step))
        {
            time.SetUtcNow(now);
            // As often as the leader looks: several steps may follow from one another within these minutes.
            var step = RotationStep.Create;
            while (step != RotationStep.None)
            {
                step = RotationRules.Decide(state?.Facts(plan, Host), now, plan, lacking: 0);
                state = CertificateIssuer.Carry(step, state, Host, now, plan);
            }
            history.Add((now, state!));
            Write("ca.crt", Seen(kubelet).Bundle);
            if (clients.Count == 0)
            {
                clients.Add(await ClientOfAsync(await ServeAsync(0)));
                clients.Add(await ClientOfAsync(await ServeAsync(replica)));
            }
            foreach (var client in clients)
            {
                requests++;
                try
                {
                    (await client.SendAsync(new GrantRequest { Holder = "holder-0123456789" }, CancellationToken.None)).Outcome.ShouldBe(
                        GrantOutcome.Granted
                    );
                }
                catch (HttpRequestException exception) when (exception.InnerException is AuthenticationException)
                {
                    failed++;
                }
            }
        }
        foreach (var client in clients)
            client.Dispose();
        return (requests, failed, history.Select(entry => entry.State.Ca.Pem).Distinct().Count());
    }

    // What was there some minutes ago.
    private CertificateState Seen(int minutes)
    {
        var then = time.GetUtcNow().AddMinutes(-minutes);
        var known = history.FindLastIndex(entry => entry.At <= then);
        return history[Math.Max(known, 0)].State;
    }

    private async Task<int> ServeAsync(int behind)
    {
        var port = Ports.Free();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(
                IPAddress.Loopback,
                port,
                listen => listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => Seen(behind).Leaf.Certificate)
            )
        );
        var app = builder.Build();
        app.MapPost(
            GrantProtocol.Path,
            context =>
            {
                // A handshake for each request.
                context.Response.Headers.Connection = "close";
                return context.Response.WriteAsJsonAsync(
                    new GrantResponse
                    {
                        Outcome = GrantOutcome.Granted,
                        Window = "day-1",
                        WindowEnds = time.GetUtcNow().AddDays(1),
                        Budget = "day",
                    },
                    GrantJson
                );
            }
        );
        servers.Add(app);
        await app.StartAsync();
        return port;
    }

    private static System.Text.Json.Serialization.Metadata.JsonTypeInfo<GrantResponse> GrantJson => ContractsJson.Default.GrantResponse;

    private async Task<HttpGrantAuthority> ClientOfAsync(int port)
    {
        var path = Path.Combine(folder, $"config-{port}.json");
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), "the-token");
        await File.WriteAllTextAsync(
            path,
            JsonSerializer.Serialize(
                new GuardrailConfig
                {
                    Agent = new GuardrailIdentity
                    {
                        Namespace = "shop",
                        Name = "support",
                        Revision = "r",
                        Track = "serving",
                    },
                    Budget = new BudgetAuthority
                    {
                        Url = $"https://{Host}:{port}",
                        CaFile = Path.Combine(folder, "ca.crt"),
                        TokenFile = Path.Combine(folder, "token"),
                    },
                },
                ContractsJson.Default.GuardrailConfig
            )
        );
        return new HttpGrantAuthority(
            new ConfigStore(path, PriceCatalog.Load(), TimeProvider.System, NullLogger<ConfigStore>.Instance),
            time
        );
    }

    // Swapped in as the kubelet does it.
    private void Write(string name, string text)
    {
        File.WriteAllText(Path.Combine(folder, name + ".new"), text);
        File.Move(Path.Combine(folder, name + ".new"), Path.Combine(folder, name), overwrite: true);
    }
}
