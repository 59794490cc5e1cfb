"""What the screen of a lobby goes through, kept by its page: nothing is too short to be seen."""

from __future__ import annotations

from playwright.async_api import Page, expect

COURSE = """
window.stages = []
window.said = []
let stage, words
new MutationObserver(() => {
  const now = document.querySelector('[data-stage]')?.dataset.stage
  if (now && now !== stage) stages.push(stage = now)
  const heard = document.querySelector('[data-testid=subtitle]')?.textContent
  if (heard && heard !== words) said.push(words = heard)
}).observe(document, {
  subtree: true, childList: true, characterData: true, attributeFilter: ['data-stage'],
})
"""
"""Put into the page before it runs: `stages` that were not asked about yet, and what was `said`."""


async def until_stage(page: Page, stage: str) -> None:
    """The next time that it comes to this stage, whether that is over already or not."""
    come_to = "stage => stages.splice(0, stages.indexOf(stage) + 1).length > 0"
    await page.wait_for_function(come_to, arg=stage)


async def until_said(page: Page, words: str) -> None:
    """Words that could be heard, and were read."""
    await page.wait_for_function("words => said.some(one => one.includes(words))", arg=words)


async def until_inviting(page: Page) -> None:
    """The invitation is there, and so is the line."""
    await expect(page.get_by_test_id("kiosk-attract")).to_be_visible()
    await expect(page.locator(".kiosk")).to_have_attribute("data-state", "ready")
