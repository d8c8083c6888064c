namespace AgentReadiness.Guardrail.Screening;

/// <summary>
/// Looks for attempts to give a model orders in a text that should only inform it. What was encoded or hidden is undone first, as far as
/// bounds allow. Pure: the same text always has the same verdict.
/// </summary>
internal static class Screener
{
    /// <summary>The longest text, characters. A longer one is not screened.</summary>
    public const int LongestText = 1024 * 1024;

    private const int Deepest = 3;
    private const int MostLayers = 48;
    private const int LeastUndone = 64 * 1024;

    /// <summary>Screens a text of at most <see cref="LongestText"/> characters.</summary>
    public static Verdict Screen(string text)
    {
        if (text.Length > LongestText)
            throw new ArgumentException("the text is too long to be screened", nameof(text));
        var best = Verdict.None;
        var layers = new Queue<Layer>();
        layers.Enqueue(Layer.Whole(text));
        var (count, budget) = (0, Math.Max(LeastUndone, 2 * text.Length));
        while (layers.TryDequeue(out var layer))
        {
            var matcher = new RuleMatcher(RuleSet.Default, layer.IsHidden);
            var scan = TextScanner.Scan(layer.Text, RuleSet.Default, matcher);
            var found = matcher.End();
            if (matcher.Score > Math.Max(best.Score, Verdict.Least))
                best = new Verdict(matcher.Score, [.. found.Select(one => Of(layer, one))]);
            if (layer.Depth == Deepest || best.Score >= 2)
                continue;
            foreach (var inner in Undoing.Of(layer, scan))
            {
                budget -= inner.Text.Length;
                if (budget < 0 || ++count > MostLayers)
                    break;
                layers.Enqueue(inner);
            }
        }
        return best.IsFound ? best : Verdict.None;
    }

    private static Finding Of(Layer layer, (ScreeningRule Rule, int Start, int End) found)
    {
        var (start, end) = layer.Origin(found.Start, found.End);
        return new Finding(found.Rule.Id, RuleSet.Default.Families[found.Rule.Family], found.Rule.Score, start, end - start, layer.Name);
    }
}
