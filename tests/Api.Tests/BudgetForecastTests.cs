using AgentReadiness.Api.Calendar;
using Shouldly;
using Xunit;
namespace AgentReadiness.Api.Tests;

public sealed class BudgetForecastTests
{
    private static readonly DateTimeOffset Begins = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void At_the_pace_so_far() =>
        BudgetForecast.Of(3m, Begins, Begins.AddDays(1), Begins.AddHours(6)).ShouldBe(new BudgetForecast(12m, null));

    [Fact]
    public void What_is_not_known_is_not_guessed()
    {
        BudgetForecast.Of(3m, Begins, Begins.AddDays(1), Begins.AddMinutes(14)).AtEnd.ShouldBeNull();
        BudgetForecast.Of(0m, Begins, Begins.AddDays(1), Begins.AddHours(6)).AtEnd.ShouldBeNull();
        BudgetForecast.Of(3m, null, Begins.AddDays(1), Begins.AddHours(6)).AtEnd.ShouldBeNull();
        BudgetForecast.Of(3m, Begins, null, Begins.AddHours(6)).AtEnd.ShouldBeNull();
    }
}
