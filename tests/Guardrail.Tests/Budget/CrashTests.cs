using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Budget;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>A guardrail that dies, and the one that starts after it in the same pod.</summary>
public sealed class CrashTests
{
    [Fact]
    public async Task The_next_process_closes_the_account_of_the_one_that_was_killed_before_it_says_anything_of_its_own()
    {
        await using var authority = await FakeOperator.StartAsync(1);
        await using var killed = await Rig.StartAsync(budget: authority.Authority);
        await killed.Client().CompleteChatAsync("hello");
        await killed.CallsAsync(1);
        var settled = killed.Account.Totals.Settled;
        var running = killed.Client().CompleteChatAsync("[[tokens=10]] [[latency=3s]]");
        while (killed.Account.Totals.Reserved.IsZero)
            await Task.Yield();
        var reserved = killed.Account.Totals.Reserved;
        var journal = await File.ReadAllBytesAsync(killed.JournalPath);
        var before = authority.All.Count;

        await using var next = await Rig.StartAsync(budget: authority.Authority, journal: journal);
        await next.Client().CompleteChatAsync("hello");

        var closing = authority.All.First(request => request.Holder == killed.Account.Holder && request.Closing);
        (closing.Settled, closing.Unproven).ShouldBe((settled, reserved));
        var order = authority.All.Skip(before).ToList();
        order.IndexOf(closing).ShouldBeLessThan(order.FindIndex(request => request.Holder == next.Account.Holder));
        next.Log.All.ShouldContain(line => line.Contains("the account of an earlier process is closed", StringComparison.Ordinal));
        await running;
    }

    [Fact]
    public async Task Without_an_operator_the_closing_report_is_the_termination_message()
    {
        var authority = await FakeOperator.StartAsync(1);
        await using var rig = await Rig.StartAsync(budget: authority.Authority);
        await rig.Client().CompleteChatAsync("hello");
        await rig.CallsAsync(1);
        var (holder, settled) = (rig.Account.Holder, rig.Account.Totals.Settled);
        await authority.DisposeAsync();

        await rig.Guardrail.StopAsync();

        var message = await File.ReadAllTextAsync(rig.TerminationLog);
        var report = FinalReports.TryRead(message).ShouldNotBeNull().Reports.ShouldHaveSingleItem();
        (report.Holder, report.Window, report.Settled).ShouldBe((holder, "day-1", settled));
        message.Length.ShouldBeLessThanOrEqualTo(FinalReports.MaxBytes);
    }

    [Fact]
    public async Task A_closing_report_that_is_answered_leaves_no_termination_message_and_no_journal()
    {
        await using var authority = await FakeOperator.StartAsync(1);
        await using var rig = await Rig.StartAsync(budget: authority.Authority);
        await rig.Client().CompleteChatAsync("hello");

        await rig.Guardrail.StopAsync();

        (await File.ReadAllTextAsync(rig.TerminationLog)).ShouldBeEmpty();
        using var journal = Journal.Open(rig.JournalFolder, rig.Log);
        journal!.Orphaned.ShouldBeEmpty();
    }

    [Fact]
    public void A_message_has_a_bounded_size_and_the_latest_windows()
    {
        var closings = Enumerable
            .Range(0, 20)
            .Select(i => new GrantRequest
            {
                Holder = new string('a', 32),
                Window = $"0123456789abcdef-{i}",
                Settled = new Money(123456.123456789012m),
                Closing = true,
            });
        var message = FinalReports.Write(closings);
        message.Length.ShouldBeLessThanOrEqualTo(FinalReports.MaxBytes);
        FinalReports.TryRead(message)!.Reports[0].Window.ShouldBe("0123456789abcdef-0");
        FinalReports.TryRead(message)!.Reports.Count.ShouldBeGreaterThan(2);
    }
}
