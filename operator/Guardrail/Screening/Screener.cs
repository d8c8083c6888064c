namespace AgentReadiness.Guardrail.Screening;

/// <summary>
/// Looks for attempts to give a model orders in a text that should only inform it. What was encoded or hidden is undone first, as far as
/// bounds allow. Pure: the same text always has the same verdict.
/// </summary>
internal static class Screener
{
    /// <summary>The longest text, characters. A longer one is not screened.</summary>
    public const int LongestText = 256 * 1024;

    private const int Deepest = 3;
    private const int MostLayers = 512;
    private const int LeastUndone = 64 * 1024;

    /// <summary>Screens a text.</summary>
    public static Verdict Screen(string text)
    {
        if (text.Length > LongestText)
            return Verdict.Not(Unscreened.TooLong);
        var best = Verdict.None;
        var layers = new Queue<Layer>();
        layers.Enqueue(Layer.Whole(text));
        var (count, budget, isPartly) = (0, Math.Max(LeastUndone, 2 * text.Length), false);
        while (layers.TryDequeue(out var layer))
        {
            var matcher = new RuleMatcher(RuleSet.Default, layer.IsHidden);
            var scan = TextScanner.Scan(layer.Text, RuleSet.Default, matcher);
            var found = matcher.End();
            if (matcher.Score > Math.Max(best.Score, Verdict.Least))
                best = new Verdict(matcher.Score, [.. found.Select(one => Of(layer, one))]);
            if (best.Score >= 2)
                continue;
            if (layer.Depth == Deepest)
            {
                isPartly |= Codes.Undo(layer).Any();
                continue;
            }
            foreach (var inner in Undoing.Of(layer, scan))
            {
                budget -= inner.Text.Length;
                if (budget < 0 || ++count > MostLayers)
                {
                    isPartly = true;
                    break;
                }
                layers.Enqueue(inner);
            }
        }
        return best.IsFound ? best
            : isPartly ? Verdict.Not(Unscreened.TooMuchEncoded)
            : Verdict.None;
    }

    private static Finding Of(Layer layer, (ScreeningRule Rule, int Start, int End) found)
    {
        var (start, end) = layer.Origin(found.Start, found.End);
        return new Finding(found.Rule.Id, RuleSet.Default.Families[found.Rule.Family], found.Rule.Score, start, end - start, layer.Name);
    }
}
