using AgentReadiness.Guardrail.Screening;

namespace AgentReadiness.Guardrail.Tests.Screening;

/// <summary>How many of some texts count as attacks.</summary>
internal readonly record struct Rates(int Found, int All)
{
    /// <summary>The share.</summary>
    public double Share => All == 0 ? 0 : (double)Found / All;

    /// <summary>Screens texts, as many at once as there are processors.</summary>
    public static Rates Of(IEnumerable<CorpusText> texts)
    {
        var all = texts.ToList();
        return new Rates(all.AsParallel().Count(text => Screener.Screen(text.Text).IsFound), all.Count);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{100 * Share:0.0} % ({Found}/{All})");
}
