using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>
/// The configuration and prices now in force. A new file that cannot be used is reported, and what the old one said stays.
/// </summary>
internal sealed class ConfigStore
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(10);

    private readonly string path;
    private readonly TimeProvider time;
    private readonly ILogger<ConfigStore> logger;
    private readonly PriceFile prices;
    private byte[] content;
    private GuardrailSettings current;

    /// <summary>Loads the file, and the prices beside it.</summary>
    /// <param name="path">The configuration file.</param>
    /// <param name="shipped">The prices that hold where no file says otherwise.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="FormatException">The first configuration must be good. Prices need not: the shipped ones are always
    /// there.</exception>
    public ConfigStore(string path, PriceCatalog shipped, TimeProvider time, ILogger<ConfigStore> logger)
    {
        this.path = path;
        this.time = time;
        this.logger = logger;
        prices = new PriceFile(Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetFileName(GuardrailPaths.Prices)), shipped, logger);
        prices.Reload();
        content = File.ReadAllBytes(path);
        current = GuardrailSettings.Parse(content, prices.Catalog, time);
        TellRefused(current);
    }

    /// <summary>The settings in force.</summary>
    public GuardrailSettings Current => Volatile.Read(ref current);

    /// <summary>Raised after a new configuration came into force.</summary>
    public event Action? Changed;

    /// <summary>Looks at the files until cancelled.</summary>
    public async Task PollAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PollInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
                Reload();
        }
        catch (OperationCanceledException)
        {
            // The program ends.
        }
    }

    /// <summary>Looks at the files once.</summary>
    public void Reload()
    {
        // Prices first: a configuration that allows a new model comes into force with its price.
        if (prices.Reload())
            Volatile.Write(ref current, Current.With(prices.Catalog));
        try
        {
            var next = File.ReadAllBytes(path);
            if (next.AsSpan().SequenceEqual(content))
                return;
            content = next;
            var settings = GuardrailSettings.Parse(next, prices.Catalog, time, Current);
            var old = Current;
            Volatile.Write(ref current, settings);
            TellRefused(settings);
            logger.ConfigLoaded(settings.Config.Agent.Revision);
            if (!Ports(old).SequenceEqual(Ports(settings)))
                logger.ConfigRejected("PortsNeedRestart", "the ports in the new configuration are used only after a restart");
            Changed?.Invoke();
        }
        catch (FormatException exception)
        {
            logger.ConfigRejected("InvalidConfig", exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.ConfigRejected("UnreadableConfig", exception.Message);
        }
    }

    private void TellRefused(GuardrailSettings settings)
    {
        if (ChaosSettings.IsRefused(settings.Config))
            logger.ChaosRefused(settings.Config.Agent.Track);
    }

    private static IEnumerable<(int, int)> Ports(GuardrailSettings settings) =>
        settings.Config.Inbound.Select(i => (i.ListenPort, i.TargetPort));
}
