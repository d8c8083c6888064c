using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Chaos;
using AgentReadiness.EvalRunner.Agents;
using AgentReadiness.EvalRunner.Cases;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.EvalRunner.Running;

/// <summary>Measures one repeat of one case: asks, again where there was no answer, and grades. Safe for concurrent use.</summary>
internal sealed class CaseAttempts(AgentClient client, RunnerSettings settings, TimeProvider time)
{
    private const int Attempts = 3;

    /// <summary>Runs. Throws for <paramref name="cancellationToken"/> only.</summary>
    public async Task<CaseResult> RunAsync(EvalCase one, int index, int repeat, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            var talk = await TalkAsync(one, cancellationToken);
            if (talk.Fault is null)
            {
                var grade = await GradeAsync(one, talk, cancellationToken);
                var outcome =
                    grade.Unmeasured ? Outcome.Errored
                    : grade.Passed ? Outcome.Passed
                    : Outcome.Failed;
                return new CaseResult(one, index, repeat, outcome, grade.Score, grade.Reason, time.GetElapsedTime(began))
                {
                    Latency = talk.Latency,
                    Cost = talk.Cost,
                    Fallbacks = talk.Fallbacks,
                    Faults = talk.Faults,
                };
            }
            // It was measured: the agent met a fault and gave no answer.
            if (talk.IsOfChaos)
                return new CaseResult(one, index, repeat, Outcome.Failed, 0, $"after a fault: {talk.Fault}", time.GetElapsedTime(began))
                {
                    Faults = talk.Faults,
                };
            // Only what was not measured is tried again: trying failures again would raise the score.
            if (attempt == Attempts)
                return new CaseResult(one, index, repeat, Outcome.Errored, 0, talk.Fault, time.GetElapsedTime(began));
            await Task.Delay(
                settings.Backoff * (Math.Pow(2, attempt - 1) * (0.5 + (Random.Shared.NextDouble() / 2))),
                time,
                cancellationToken
            );
        }
    }

    /// <summary>The whole conversation: a part of it that is asked again alone would be another one.</summary>
    private async Task<Talk> TalkAsync(EvalCase one, CancellationToken cancellationToken)
    {
        var messages = new List<ChatMessage>();
        var answers = new List<Answer>();
        var latency = TimeSpan.Zero;
        decimal? cost = 0;
        long? fallbacks = 0;
        var faults = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var turn in one.Turns)
        {
            messages.Add(new ChatMessage("user", turn.Input));
            var key = ChaosDice.KeyOf(one.Id, answers.Count + 1);
            var reply = await client.AskAsync(one.Request, messages, turn.TakesRefusal, key, cancellationToken);
            faults.UnionWith(reply.Faults);
            if (reply.Answer is not { } answer)
                return new Talk([], null, null, default, one.Turns.Count == 1 ? reply.Fault! : $"turn {answers.Count + 1}: {reply.Fault}")
                {
                    Faults = Bounded(faults),
                    IsOfChaos = reply.IsOfChaos,
                };
            answers.Add(answer with { Conversation = [.. messages] });
            messages.Add(new ChatMessage("assistant", answer.Text));
            latency += reply.Latency;
            // One turn of an unknown cost, and the whole is unknown.
            cost += reply.Cost;
            fallbacks += reply.Fallbacks;
        }
        return new Talk(answers, cost, fallbacks, latency, null) { Faults = Bounded(faults) };
    }

    private static async Task<Grade> GradeAsync(EvalCase one, Talk talk, CancellationToken cancellationToken)
    {
        var worst = Grade.Pass;
        if (one.MaxCost is { } most)
        {
            if (talk.Cost is not { } cost)
                return Grade.NotMeasured($"the case has a maxCost, and the agent sends no {AgentClient.CostHeader}");
            if (cost > most)
                worst = Grade.Fail("the answer cost more than maxCost");
        }
        if (talk.Latency > one.MaxLatency)
            worst = Grade.Fail($"the answer took longer than {GoDuration.Format(one.MaxLatency.Value)}");
        foreach (var (turn, answer) in one.Turns.Zip(talk.Answers))
        {
            // Nothing is lower, and a judge costs.
            if (worst is { Passed: false, Score: 0 } or { Unmeasured: true })
                break;
            if (turn.Grader is { } grader)
                worst = AllGrader.Worst(worst, await grader.GradeAsync(answer, cancellationToken));
        }
        return worst;
    }

    private static List<string> Bounded(SortedSet<string> faults) => [.. faults.Take(ChaosHeaders.MostMet)];

    private sealed record Talk(IReadOnlyList<Answer> Answers, decimal? Cost, long? Fallbacks, TimeSpan Latency, string? Fault)
    {
        public IReadOnlyList<string> Faults { get; init; } = [];

        public bool IsOfChaos { get; init; }
    }
}
