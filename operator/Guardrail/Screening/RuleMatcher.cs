namespace AgentReadiness.Guardrail.Screening;

/// <summary>
/// Is told the meanings of a text in their order, finds rules that they meet, and keeps the place where the most of them come together. Its
/// memory does not grow with the text.
/// </summary>
internal sealed class RuleMatcher
{
    /// <summary>Findings count together that have so many words between them at most.</summary>
    public const int Together = 120;

    // A text on attacks quotes them: so many different words about that, so near, take away from the score.
    private const int NearDiscussion = 60;
    private const int DiscussionWords = 2;
    private const double OfDiscussed = 0.6;
    private const int DiscussionKept = 256;
    private const double Enough = 2.0;

    private readonly RuleSet rules;
    private readonly bool isHidden;
    private readonly ushort negation;
    private readonly ushort discussion;
    private readonly Spot[] last;
    private readonly Best[] families;
    private readonly (int Word, int Term)[] discussed = new (int, int)[DiscussionKept];
    private int discussedCount;
    private Best[]? pending;
    private double pendingScore;
    private int pendingWord;
    private Best[]? best;

    /// <param name="rules">The rules.</param>
    /// <param name="isHidden">The text was hidden: that alone speaks against it, and nobody discusses anything there.</param>
    public RuleMatcher(RuleSet rules, bool isHidden)
    {
        (this.rules, this.isHidden) = (rules, isHidden);
        (negation, discussion) = (rules.Number("not"), rules.Number("discuss"));
        last = new Spot[rules.Meanings];
        Array.Fill(last, Spot.None);
        families = new Best[rules.Families.Count];
        Array.Fill(families, Best.None);
    }

    /// <summary>The highest score so far.</summary>
    public double Score { get; private set; }

    /// <summary>Nothing that follows can matter.</summary>
    public bool IsDone => Score >= Enough;

    /// <summary>A meaning, and where it stands.</summary>
    /// <param name="meaning">The meaning.</param>
    /// <param name="term">The word or phrase that has it.</param>
    /// <param name="at">Its place.</param>
    public void Add(ushort meaning, int term, Spot at)
    {
        Forget(at.Word);
        if (meaning == discussion)
            discussed[discussedCount++ % DiscussionKept] = (at.Word, term);
        if (meaning == negation)
            Negate(at);
        else if (rules.IsNegatable[meaning] && last[negation] is var no && no.Word < at.First && no.Word >= at.First - 2)
            return;
        last[meaning] = at;
        foreach (var rule in rules.Of[meaning])
        {
            if (Meets(rule, at, out var start, out var end))
                Found(rule, at.Word, start, end);
        }
    }

    /// <summary>The text has ended.</summary>
    /// <returns>The findings of the best place, as places of this text.</returns>
    public IReadOnlyList<(ScreeningRule Rule, int Start, int End)> End()
    {
        Forget(int.MaxValue);
        return best is null
            ? []
            :
            [
                .. best.Where(one => one.Rule is not null)
                    .OrderByDescending(one => one.Rule!.Score)
                    .Select(one => (one.Rule!, one.Start, one.End)),
            ];
    }

    // "Never forget" and "vergessen Sie nicht" say the opposite of what the verb alone says.
    private void Negate(Spot at)
    {
        for (var i = 0; i < rules.IsNegatable.Length; i++)
        {
            if (rules.IsNegatable[i] && last[i].Word >= at.Word - 2 && last[i].Word < at.Word && last[i].Word > 0)
                last[i] = Spot.None;
        }
    }

    private bool Meets(ScreeningRule rule, Spot at, out int start, out int end)
    {
        (start, end) = (at.Start, at.End);
        var first = at.First;
        Span<int> words = stackalloc int[rule.All.Length];
        for (var i = 0; i < rule.All.Length; i++)
        {
            var spot = Spot.None;
            foreach (var meaning in rule.All[i])
            {
                var one = last[meaning];
                if (one.Word > spot.Word && words[..i].IndexOf(one.Word) < 0)
                    spot = one;
            }
            if (spot.First < at.Word - rule.Within)
                return false;
            words[i] = spot.Word;
            (first, start, end) = (Math.Min(first, spot.First), Math.Min(start, spot.Start), Math.Max(end, spot.End));
        }
        foreach (var meaning in rule.Unless)
        {
            if (last[meaning].Word >= first - 3)
                return false;
        }
        // Otherwise the word that has just come is no part of it, and it was found before.
        return words.IndexOf(at.Word) >= 0;
    }

    private void Found(ScreeningRule rule, int word, int start, int end)
    {
        ref var family = ref families[rule.Family];
        if (family.Rule is null || word - family.Word > Together || rule.Score >= family.Rule.Score)
            family = new Best(rule, word, start, end);
        var score = isHidden ? 0.2 : 0;
        foreach (var one in families)
            score += one.Rule is not null && word - one.Word <= Together ? one.Rule.Score : 0;
        if (pending is not null && score <= pendingScore)
            return;
        pending = [.. families.Select(one => one.Rule is not null && word - one.Word <= Together ? one : Best.None)];
        (pendingScore, pendingWord) = (score, word);
    }

    // What is said about a finding may follow it, so it is weighed a while later.
    private void Forget(int word)
    {
        if (pending is null || (word != int.MaxValue && word - pendingWord <= NearDiscussion))
            return;
        var score = !isHidden && IsDiscussed(pendingWord) ? pendingScore * OfDiscussed : pendingScore;
        if (score > Score)
            (Score, best) = (score, pending);
        pending = null;
        pendingScore = 0;
    }

    private bool IsDiscussed(int word)
    {
        Span<int> terms = stackalloc int[DiscussionWords];
        var count = 0;
        for (var i = 0; i < Math.Min(discussedCount, DiscussionKept) && count < DiscussionWords; i++)
        {
            var (at, term) = discussed[i];
            if (Math.Abs(at - word) <= NearDiscussion && terms[..count].IndexOf(term) < 0)
                terms[count++] = term;
        }
        return count == DiscussionWords;
    }

    /// <summary>Where something stands: from which word to which, and from which character to which.</summary>
    internal readonly record struct Spot(int First, int Word, int Start, int End)
    {
        public static Spot None { get; } = new(int.MinValue / 2, int.MinValue / 2, 0, 0);
    }

    private readonly record struct Best(ScreeningRule? Rule, int Word, int Start, int End)
    {
        public static Best None { get; } = new(null, 0, 0, 0);
    }
}
