using System.Text.Json;

namespace AgentReadiness.Guardrail.Screening;

/// <summary>The rules, and the words that they are about (rules.json). Loaded at the first use, then only read.</summary>
internal sealed class RuleSet
{
    /// <summary>What the scanner itself sees and no list of words does.</summary>
    internal static readonly string[] Seen = ["roleline", "address", "urlhole", "urlquery"];

    private static readonly Lazy<RuleSet> Own = new(() => Load(Resource("rules.json"), Folding.Load(Resource("folding.txt"))));

    private readonly Dictionary<string, ushort> numbers = new(StringComparer.Ordinal);

    private RuleSet(Folding folding) => Folding = folding;

    /// <summary>The rules of this program.</summary>
    public static RuleSet Default => Own.Value;

    /// <summary>How characters are read.</summary>
    public Folding Folding { get; }

    /// <summary>The words.</summary>
    public WordTree Words { get; } = new();

    /// <summary>The texts that are no words.</summary>
    public WordTree Marks { get; } = new();

    /// <summary>The rules that a meaning is part of.</summary>
    public ScreeningRule[][] Of { get; private set; } = [];

    /// <summary>All rules.</summary>
    public IReadOnlyList<ScreeningRule> Rules { get; private set; } = [];

    /// <summary>The families, in the order of their numbers.</summary>
    public IReadOnlyList<string> Families { get; private set; } = [];

    /// <summary>How many meanings there are.</summary>
    public int Meanings => numbers.Count;

    /// <summary>Meanings that a negation beside them takes away.</summary>
    public bool[] IsNegatable { get; private set; } = [];

    /// <summary>The number of a meaning.</summary>
    public ushort Number(string meaning) => numbers[meaning];

    /// <summary>Reads rules.</summary>
    /// <exception cref="KeyNotFoundException">A rule names a meaning that is not there.</exception>
    public static RuleSet Load(Stream json, Folding folding)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var set = new RuleSet(folding);
        var negatable = new HashSet<string>();
        foreach (var meaning in root.GetProperty("classes").EnumerateObject().Concat(root.GetProperty("more").EnumerateObject()))
        {
            var number = set.NumberOf(meaning.Name);
            foreach (var language in meaning.Value.EnumerateObject())
            {
                if (language.Value.ValueKind == JsonValueKind.True)
                    negatable.Add(meaning.Name);
                if (language.Value.ValueKind != JsonValueKind.String)
                    continue;
                foreach (
                    var term in language
                        .Value.GetString()!
                        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                )
                    set.Words.Add(folding.Fold(term), number);
            }
        }
        foreach (var meaning in root.GetProperty("marks").EnumerateObject())
        {
            var number = set.NumberOf(meaning.Name);
            foreach (var mark in meaning.Value.EnumerateArray())
                set.Marks.Add(Tight(folding.Fold(mark.GetString()!)), number);
        }
        foreach (var name in Seen)
            set.NumberOf(name);
        set.ReadRules(root.GetProperty("rules"));
        set.IsNegatable = [.. set.numbers.OrderBy(pair => pair.Value).Select(pair => negatable.Contains(pair.Key))];
        return set;
    }

    private void ReadRules(JsonElement json)
    {
        var (rules, families) = (new List<ScreeningRule>(), new List<string>());
        foreach (var one in json.EnumerateArray())
        {
            var family = one.GetProperty("family").GetString()!;
            if (!families.Contains(family))
                families.Add(family);
            rules.Add(
                new ScreeningRule(
                    rules.Count,
                    one.GetProperty("id").GetString()!,
                    families.IndexOf(family),
                    one.GetProperty("score").GetSingle(),
                    one.GetProperty("within").GetInt32(),
                    Slots(one.GetProperty("all")),
                    one.TryGetProperty("unless", out var unless) ? [.. Slots(unless).SelectMany(slot => slot)] : []
                )
            );
        }
        (Rules, Families) = (rules, families);
        Of = [.. Enumerable.Range(0, Meanings).Select(i => rules.Where(rule => rule.All.Any(slot => slot.Contains((ushort)i))).ToArray())];
    }

    private ushort[][] Slots(JsonElement json) =>
        [.. json.EnumerateArray().Select(slot => slot.GetString()!.Split('|').Select(name => numbers[name]).ToArray())];

    private ushort NumberOf(string name)
    {
        if (!numbers.TryGetValue(name, out var number))
            numbers[name] = number = (ushort)numbers.Count;
        return number;
    }

    private static string Tight(string mark) => string.Concat(mark.Where(c => !WordTree.IsLoose(c)));

    private static Stream Resource(string name) =>
        typeof(RuleSet).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in this program");
}
