using System.Text;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Pricing;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Prices;

/// <summary>
/// The prices that guardrails get: the last good content of the ConfigMap that the platform team names. What guardrails could not read
/// never reaches them. An operator that starts while it is broken goes on with what its predecessor had in force.
/// </summary>
public sealed class PriceBook
{
    /// <summary>The largest file, bytes: it is copied into the ConfigMap of every guardrail, which holds 1 MiB at most.</summary>
    public const int MostBytes = 512 * 1024;

    private static readonly Lazy<PriceCatalog> Shipped = new(PriceCatalog.Load);

    private readonly ObjectCache<ConfigMapView> own;
    private readonly ObjectCache<PricesView>? declared;
    private readonly NamespacedName? source;
    private readonly NamespacedName last;
    private readonly ILogger<PriceBook> logger;
    private readonly Lock gate = new();
    private string? looked;
    private GuardrailPrices? good;
    private PriceState? state;

    /// <summary>Opens it.</summary>
    /// <param name="own">The operator's ConfigMaps, with the copy of the last good prices.</param>
    /// <param name="options">Which ConfigMaps hold prices.</param>
    /// <param name="logger">Told of each change.</param>
    /// <param name="declared">The ConfigMap that the platform team names; null where it names none.</param>
    public PriceBook(
        ObjectCache<ConfigMapView> own,
        OperatorOptions options,
        ILogger<PriceBook> logger,
        ObjectCache<PricesView>? declared = null
    )
    {
        (this.own, this.declared, source, last, this.logger) = (own, declared, options.Prices, options.LastPrices, logger);
        if (declared is not null)
            declared.Changed += (_, _) => Changed?.Invoke();
    }

    /// <summary>Raised after the ConfigMap changed.</summary>
    public event Action? Changed;

    /// <summary>The ConfigMap, or null where none is named.</summary>
    public NamespacedName? Source => source;

    /// <summary>What guardrails get beside the shipped prices; null: nothing.</summary>
    public GuardrailPrices? InForce
    {
        get
        {
            lock (gate)
            {
                Look();
                return good;
            }
        }
    }

    /// <summary>How the ConfigMap stands; null where none is named, or before the cache is in.</summary>
    public PriceState? State
    {
        get
        {
            lock (gate)
            {
                Look();
                return state;
            }
        }
    }

    // Read from the cache at each call instead of on its event, so that whoever is woken by that event sees the new prices, in any order.
    private void Look()
    {
        if (source is not { } key || declared is not { IsSynced: true } || !own.IsSynced)
            return;
        var entry = declared.Get(key);
        var version = entry?.ResourceVersion ?? string.Empty;
        if (version == looked)
            return;
        if (looked is null && own.Get(last)?.View.Prices is { } before && Read(before).Problem is null)
            good = new GuardrailPrices(before, GuardrailPrices.DigestOf(before));
        looked = version;
        var next = Judge(key, entry);
        if (next == state)
            return;
        state = next;
        if (next.IsWrong)
            ControllerLog.PricesRefused(logger, next.Reason, next.Message);
        else
            ControllerLog.PricesApplied(logger, next.Reason, next.Message);
    }

    private PriceState Judge(NamespacedName key, CacheEntry<PricesView>? entry)
    {
        var stays = good is null ? "the shipped prices alone are in force" : "the last good prices stay in force";
        if (entry is null)
        {
            return new PriceState(
                PriceReasons.NotFound,
                $"ConfigMap {key} is not there; {stays}: create it, or take its name out of the operator's settings (prices.configMap of "
                    + $"the chart)",
                string.Empty
            );
        }
        PriceState Invalid(string why) =>
            new(
                PriceReasons.Invalid,
                $"{GuardrailPrices.Key} of ConfigMap {key} is not used: {why}. Until it is mended, {stays}",
                entry.Uid
            );
        if (entry.View.Text is not { } text)
            return Invalid($"data has no key {GuardrailPrices.Key}: add it ({{\"providers\":[]}} lays nothing over the shipped prices)");
        var (rules, problem) = Read(text);
        if (problem is not null)
            return Invalid(problem);
        good = new GuardrailPrices(text, GuardrailPrices.DigestOf(text));
        return new PriceState(
            PriceReasons.Applied,
            $"{rules} price rules of ConfigMap {key} (SHA-256 {good.Digest[..12]}) go to all guardrails, over the shipped ones",
            entry.Uid
        );
    }

    private static (int Rules, string? Problem) Read(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) is > MostBytes and var size)
            return (
                0,
                $"it has {size} bytes, and each guardrail gets a copy of at most {MostBytes}: leave out the rules that are as the shipped "
                    + $"ones are"
            );
        try
        {
            var own = PriceCatalog.Parse(text);
            // Laid over the shipped ones as a guardrail does it: a window may contradict a price there.
            Shipped.Value.Merge(own);
            return (own.Count, null);
        }
        catch (FormatException exception)
        {
            return (0, exception.Message);
        }
    }
}
