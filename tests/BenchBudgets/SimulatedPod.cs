using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Pricing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentReadiness.BenchBudgets;

/// <summary>
/// What a guardrail has of money, in the classes of the guardrail: configuration and token in files, a journal, an account, and grants over
/// a TLS connection of its own. Only the calls themselves are simulated.
/// </summary>
internal sealed class SimulatedPod : IGrantAuthority, IDisposable
{
    private static readonly PriceCatalog Prices = PriceCatalog.Load();
    private readonly HttpGrantAuthority authority;
    private readonly Journal journal;
    private CancellationTokenSource? stop;
    private Task running = Task.CompletedTask;
    private int messages;
    private int failures;

    /// <summary>Makes the files of a pod and what reads them.</summary>
    /// <param name="folder">Its own folder.</param>
    /// <param name="agent">Whose pod it is.</param>
    /// <param name="url">The grant endpoint.</param>
    /// <param name="caFile">Whom it trusts.</param>
    /// <param name="token">The service account's token, bound to the pod.</param>
    public SimulatedPod(string folder, GuardrailIdentity agent, string url, string caFile, string token)
    {
        Directory.CreateDirectory(folder);
        var (config, tokenFile) = (Path.Combine(folder, "config.json"), Path.Combine(folder, "token"));
        File.WriteAllText(tokenFile, token);
        File.WriteAllBytes(
            config,
            JsonSerializer.SerializeToUtf8Bytes(
                new GuardrailConfig
                {
                    Agent = agent,
                    Budget = new BudgetAuthority
                    {
                        Url = url,
                        CaFile = caFile,
                        TokenFile = tokenFile,
                    },
                },
                ContractsJson.Default.GuardrailConfig
            )
        );
        authority = new HttpGrantAuthority(
            new ConfigStore(config, Prices, TimeProvider.System, NullLogger<ConfigStore>.Instance),
            TimeProvider.System
        );
        journal = Journal.Open(folder, NullLogger.Instance) ?? throw new InvalidOperationException($"no journal can be kept in {folder}");
        Account = new GrantAccount(GrantClient.NewHolder(), journal);
        Client = new GrantClient(Account, this, new OverrunList(), TimeProvider.System, NullLogger<GrantClient>.Instance);
    }

    /// <summary>Its account.</summary>
    public GrantAccount Account { get; }

    /// <summary>Where its calls get their money.</summary>
    public GrantClient Client { get; }

    /// <summary>Messages to the operator so far.</summary>
    public int Messages => Volatile.Read(ref messages);

    /// <summary>Messages that had no proper answer.</summary>
    public int Failures => Volatile.Read(ref failures);

    /// <inheritdoc/>
    public bool Configured => authority.Configured;

    /// <inheritdoc/>
    public bool Observes => authority.Observes;

    /// <inheritdoc/>
    public TimeSpan MaxWait => authority.MaxWait;

    /// <inheritdoc/>
    public TimeSpan FailoverWait => authority.FailoverWait;

    /// <inheritdoc/>
    public async Task<GrantResponse> SendAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref messages);
        try
        {
            return await authority.SendAsync(request, cancellationToken);
        }
        catch
        {
            Interlocked.Increment(ref failures);
            throw;
        }
    }

    /// <summary>Lets the guardrail's own loop speak for the account.</summary>
    public void Start()
    {
        stop = new CancellationTokenSource();
        running = Task.Run(() => Client.RunAsync(stop.Token));
    }

    /// <summary>Ends that loop; what the account holds stays.</summary>
    public async Task StopAsync()
    {
        if (stop is null)
            return;
        await stop.CancelAsync();
        await running;
        stop.Dispose();
        stop = null;
    }

    public void Dispose()
    {
        authority.Dispose();
        journal.Dispose();
    }
}

/// <summary>The call that is simulated.</summary>
internal static class Call
{
    /// <summary>What it costs: 1,000 tokens in and 400 out of a small model, about.</summary>
    public static readonly Amount Cost = new(Money.Parse("0.00301"), 1_400);

    /// <summary>The upper bound that is reserved for it.</summary>
    public static readonly Amount Bound = new(Money.Parse("0.01204"), 5_600);

    /// <summary>How long it is in flight.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(300);
}
