using System.Text.RegularExpressions;

namespace AgentReadiness.Pricing;

/// <summary>One model's names and its prices over time.</summary>
internal sealed record PriceRule(
    string Id,
    string[] Equal,
    string[] Prefixes,
    string[] Suffixes,
    string[] Contained,
    string[] Patterns,
    List<(DateTimeOffset From, PricedModel Model)> Prices
)
{
    /// <summary>The model's id: what follows the provider's.</summary>
    public string ModelId => Id[(Id.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>The same with what is known of the provider.</summary>
    /// <exception cref="FormatException">A price proves that the context window is wrong.</exception>
    public PriceRule With(ProviderFacts facts)
    {
        var window = facts.Windows.TryGetValue(ModelId, out var stated) ? stated : (long?)null;
        var rule = this with
        {
            Prices = [.. Prices.Select(p => (p.From, p.Model with { Facts = facts, ContextWindow = window ?? p.Model.ContextWindow }))],
        };
        foreach (var (_, model) in rule.Prices)
            model.CheckWindow();
        return rule;
    }

    /// <summary>The prices in force; before the first date, the first ones.</summary>
    public PricedModel At(DateTimeOffset time)
    {
        var model = Prices[0].Model;
        foreach (var (from, candidate) in Prices)
        {
            if (from <= time)
                model = candidate;
        }
        return model;
    }
}

/// <summary>The rules of one provider, indexed by exact name.</summary>
internal sealed class ProviderPrices
{
    // An exact name beats every affix, and an affix every contained text, whatever their lengths: names are at most 256 long.
    private const int AffixRank = 2000;
    private const int ContainedRank = 1000;
    private const int PatternRank = 1;
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<string, PriceRule> exact = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<PriceRule> inexact = [];
    private readonly Dictionary<string, Regex> patterns = [];

    private readonly string? url;
    private readonly string[] names;
    private readonly List<PriceRule> stated;

    public ProviderPrices(string id, string? url, string[] names, string[] fallback, List<PriceRule> rules, ProviderFacts facts)
    {
        Id = id;
        Fallback = fallback;
        Facts = facts;
        stated = rules;
        Rules = [.. rules.Select(rule => rule.With(facts))];
        this.url = url;
        this.names = names;
        Url = url is null ? null : Compile($"^(?:{url})");
        foreach (var rule in Rules)
        {
            foreach (var name in rule.Equal)
                exact.TryAdd(name, rule);
            if (rule.Prefixes.Length + rule.Suffixes.Length + rule.Contained.Length + rule.Patterns.Length > 0)
                inexact.Add(rule);
            foreach (var pattern in rule.Patterns)
                patterns.TryAdd(pattern, Compile(pattern));
        }
    }

    public string Id { get; }

    public string[] Fallback { get; }

    public List<PriceRule> Rules { get; }

    /// <summary>What is known of it beside its prices.</summary>
    public ProviderFacts Facts { get; }

    public Regex? Url { get; }

    /// <summary>A name as people write it means this provider.</summary>
    public bool Claims(string name) => Array.Exists(names, n => name.Contains(n, StringComparison.OrdinalIgnoreCase));

    /// <summary>These rules with those of another list over them.</summary>
    public ProviderPrices Merge(ProviderPrices over)
    {
        // A model that is stated anew has the window that stands there.
        var kept = Facts.Windows.Where(w => !over.stated.Exists(rule => rule.ModelId == w.Key));
        var facts = Facts with { Windows = kept.ToDictionary(w => w.Key, w => w.Value, StringComparer.Ordinal) };
        return new ProviderPrices(
            Id,
            over.url ?? url,
            over.names.Length > 0 ? over.names : names,
            over.Fallback.Length > 0 ? over.Fallback : Fallback,
            [.. over.stated, .. stated.Where(r => !over.stated.Exists(o => o.Id == r.Id))],
            facts.Merge(over.Facts)
        );
    }

    public PriceRule? Find(string model)
    {
        if (exact.TryGetValue(model, out var rule))
            return rule;
        PriceRule? best = null;
        var bestRank = 0;
        foreach (var candidate in inexact)
        {
            var rank = Rank(candidate, model);
            if (rank > bestRank)
                (best, bestRank) = (candidate, rank);
        }
        return best;
    }

    private int Rank(PriceRule rule, string model)
    {
        var rank = 0;
        foreach (var text in rule.Prefixes)
        {
            if (model.StartsWith(text, StringComparison.OrdinalIgnoreCase))
                rank = Math.Max(rank, AffixRank + text.Length);
        }
        foreach (var text in rule.Suffixes)
        {
            if (model.EndsWith(text, StringComparison.OrdinalIgnoreCase))
                rank = Math.Max(rank, AffixRank + text.Length);
        }
        foreach (var text in rule.Contained)
        {
            if (model.Contains(text, StringComparison.OrdinalIgnoreCase))
                rank = Math.Max(rank, ContainedRank + text.Length);
        }
        if (rank == 0 && rule.Patterns.Any(p => patterns[p].IsMatch(model)))
            rank = PatternRank;
        return rank;
    }

    private static Regex Compile(string pattern) => new(pattern, RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, PatternTimeout);
}
