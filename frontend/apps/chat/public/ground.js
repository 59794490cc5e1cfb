/* global document, location */
/* Comes before the first picture: a lobby's screen is dark, and must not flash up while it is loaded. */
if (new URLSearchParams(location.search).get('kiosk') === '1') {
  document.documentElement.style.setProperty('--ground', '#0b1315')
}
