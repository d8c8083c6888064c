using System.Net;
using System.Security.Cryptography.X509Certificates;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>
/// The grant protocol with one window and a cap, over TLS with a CA of its own. What is granted is what is wanted, and a fixed extra.
/// </summary>
internal sealed class FakeOperator : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, (Amount Granted, GrantRequest Last)> holders = [];
    private readonly string folder = Directory.CreateTempSubdirectory("operator").FullName;
    private readonly WebApplication app;
    private readonly Money cap;
    private readonly Amount extra;

    private FakeOperator(Money cap, Money extra, string host, Uri? redirect, X509Certificate2 ca, X509Certificate2 server)
    {
        this.cap = cap;
        // Of both: where tokens lack, each call asks.
        this.extra = extra == Money.Zero ? Amount.Zero : new Amount(extra, Amount.Unlimited.Tokens / 1_000_000);
        Port = Ports.Free();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, Port, l => l.UseHttps(server)));
        app = builder.Build();
        app.MapPost(
            GrantProtocol.Path,
            async context =>
            {
                Interlocked.Increment(ref requests);
                if (redirect is not null)
                {
                    context.Response.StatusCode = GrantProtocol.Misdirected;
                    context.Response.Headers.Location = redirect.AbsoluteUri;
                    return;
                }
                Token = context.Request.Headers.Authorization.ToString();
                var request = await JsonSerializer.DeserializeAsync(context.Request.Body, ContractsJson.Default.GrantRequest);
                All.Enqueue(request!);
                var answer = (JsonObject)JsonSerializer.SerializeToNode(Answer(request!), ContractsJson.Default.GrantResponse)!;
                Says?.Invoke(answer);
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync(answer.ToJsonString());
            }
        );
        File.WriteAllText(Path.Combine(folder, "ca.crt"), ca.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "token"), "the-token\n");
        Authority = new BudgetAuthority
        {
            Url = $"https://{host}:{Port}",
            CaFile = Path.Combine(folder, "ca.crt"),
            TokenFile = Path.Combine(folder, "token"),
            MaxWait = "1s",
            // A slow machine is not to take it for gone; who tests that says so.
            FailoverWait = "30s",
        };
    }

    private int requests;

    public int Requests => requests;

    /// <summary>All messages, in the order that they came.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<GrantRequest> All { get; } = new();

    public int Port { get; }

    public string? Token { get; private set; }

    public BudgetAuthority Authority { get; }

    /// <summary>Makes its answers those of another version.</summary>
    public Action<JsonObject>? Says { get; set; }

    /// <summary>Price rules that it refuses.</summary>
    public IReadOnlyList<RefusedRule> Refused { get; set; } = [];

    /// <summary>Settled plus unproven, as reported.</summary>
    public Money Spent
    {
        get
        {
            lock (gate)
                return Amount.Sum(holders.Values.Select(h => h.Last.Settled + h.Last.Unproven)).Cost;
        }
    }

    public IReadOnlyList<GrantRequest> Last
    {
        get
        {
            lock (gate)
                return [.. holders.Values.Select(h => h.Last)];
        }
    }

    public static async Task<FakeOperator> StartAsync(
        decimal cap,
        string host = "localhost",
        Uri? redirect = null,
        (X509Certificate2 Ca, X509Certificate2 Server)? certificates = null,
        decimal extra = 0
    )
    {
        var (ca, server) = certificates ?? Certificates("localhost");
        var fake = new FakeOperator(new Money(cap), new Money(extra), host, redirect, ca, server);
        await fake.app.StartAsync();
        return fake;
    }

    public static (X509Certificate2 Ca, X509Certificate2 Server) Certificates(string name)
    {
        using var authority = new TestAuthority();
        return (authority.Root, authority.Issue(name));
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private GrantResponse Answer(GrantRequest request)
    {
        lock (gate)
        {
            var granted = holders.TryGetValue(request.Holder, out var known) ? known.Granted : Amount.Zero;
            holders[request.Holder] = (granted, request);
            var outcome = GrantOutcome.Granted;
            if (request.WantTotal is { } want && !want.FitsIn(granted))
            {
                var others = Amount
                    .Sum(
                        holders
                            .Where(h => h.Key != request.Holder)
                            .Select(h =>
                                h.Value.Last.Closing
                                    ? h.Value.Last.Settled + h.Value.Last.Unproven
                                    : h.Value.Granted - h.Value.Last.Returned
                            )
                    )
                    .Cost;
                if (others + want.Cost - request.Returned.Cost <= cap)
                    granted = Amount.Max(granted, want) + extra;
                else
                    outcome =
                        Amount.Sum(holders.Values.Select(h => h.Last.Settled + h.Last.Unproven)).Cost + request.Call!.Value.Cost <= cap
                            ? GrantOutcome.Held
                            : GrantOutcome.Exhausted;
                holders[request.Holder] = (granted, request);
            }
            return new GrantResponse
            {
                Outcome = outcome,
                Window = "day-1",
                WindowEnds = TimeProvider.System.GetUtcNow().AddHours(1),
                Granted = granted,
                Budget = "day",
                Cap = cap,
                Refused = Refused,
                Noted = request.Spend.Select(batch => batch.Number).DefaultIfEmpty().Max(),
                Spent = Amount.Sum(holders.Values.Select(h => h.Last.Settled + h.Last.Unproven)).Cost,
            };
        }
    }
}
